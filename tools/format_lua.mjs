// SPDX-License-Identifier: MIT
// Formats Lua files with StyLua's library as stylua.toml says; with --check only names those that differ.
import { readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import * as stylua from '@johnnymorganz/stylua';

const settings = parse(readFileSync('stylua.toml', 'utf8'));
const enums = {
  indent_type: stylua.IndentType,
  quote_style: stylua.QuoteStyle,
  call_parentheses: stylua.CallParenType,
  syntax: stylua.LuaVersion,
};

function configuration() {
  const config = stylua.Config.new();
  for (const [name, value] of Object.entries(settings)) {
    config[name] = name in enums ? enums[name][value] : value;
  }
  return config;
}

const check = process.argv[2] === '--check';
let differing = 0;
for (const path of process.argv.slice(check ? 3 : 2)) {
  const text = readFileSync(path, 'utf8');
  const shebang = text.startsWith('#!') ? text.slice(0, text.indexOf('\n') + 1) : '';
  let formatted;
  try {
    formatted = shebang + stylua.formatCode(text.slice(shebang.length), configuration(), undefined, stylua.OutputVerification.Full);
  } catch (error) {
    console.error(`${path}: ${error}`);
    process.exit(1);
  }
  if (formatted === text) continue;
  differing += 1;
  if (check) console.error(`${path}: not formatted; run ./dev format`);
  else writeFileSync(path, formatted);
}
process.exit(check && differing > 0 ? 1 : 0);
