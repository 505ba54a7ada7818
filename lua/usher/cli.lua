-- SPDX-License-Identifier: MIT
-- The command line: finds the command, reads its arguments by argparse, runs it. A command's module is loaded when it
-- is asked for, so that a client command never waits for the core.
--
-- A command module has `describe(command)`, which adds its arguments to an argparse command, and `run(arguments)`,
-- which returns an exit code.

local launch = require "usher.launch" -- before what loads LuaSocket: it notes SIGPIPE's action

local argparse = require "argparse"
local exit = require "usher.cli.exit"
local version = require "usher.version"

local cli = {}

--- The commands in the order of the help, with the first words about each.
---@type { [1]: string, [2]: string }[]
cli.commands = {
  { "run", "Run the gateway." },
  { "check", "Check the configuration and show what would run." },
  { "reload", "Have the gateway read its configuration again." },
  { "token", "Print a valid token of an account." },
  { "status", "Show accounts, their tokens, and what they need." },
  { "refresh", "Have the gateway refresh an account's token now." },
  { "authorize", "Have a person authorize an account, and wait for it." },
  { "revoke", "Have the provider revoke an account's tokens, and forget them." },
  { "exec", "Run a command with a token in its environment." },
  { "simulate", "Run a stand-in for a provider: it pushes codes or tickets and issues tokens." },
  { "recover", "Save what is whole of a damaged store, while no gateway runs." },
  { "keygen", "Make a new master key." },
  { "rotate-key", "Seal the store with a new master key, while no gateway runs." },
}

-- argparse ends the process by itself after help and errors; these are raised instead, and caught in `parse`.
local function stop(fields)
  error(fields, 0)
end

local function add_help(parser)
  parser:flag("-h --help", "Show this help and exit."):action(function()
    stop { code = exit.OK, text = parser:get_help() }
  end)
end

local function make_parser()
  local parser =
    argparse("usher", "Keeps API access tokens fresh.", "`usher COMMAND --help` tells more of each.")
  parser:add_help(false):command_target("command"):require_command(true)
  add_help(parser)
  parser:flag("--version", "Show the version and exit."):action(function()
    stop { code = exit.OK, text = "usher " .. version }
  end)
  function parser.error(at, message)
    stop { code = exit.USAGE, text = ("%s\n\nusher: %s"):format(at:get_usage(), message) }
  end
  return parser
end

local function module_of(name)
  return require("usher.cli." .. name:gsub("%-", "_"))
end

-- Only the command that is asked for is described, and so loaded.
local function add_commands(parser, chosen)
  for _, entry in ipairs(cli.commands) do
    local name, summary = table.unpack(entry)
    local command = parser:command(name, summary):add_help(false)
    add_help(command)
    if name == chosen then
      module_of(name).describe(command)
    end
  end
end

local function first_word(argv)
  for _, argument in ipairs(argv) do
    if not argument:find "^%-" then
      return argument
    end
  end
end

local function parse(argv)
  local parser = make_parser()
  add_commands(parser, first_word(argv))
  return parser:parse(argv)
end

local function run(argv)
  local arguments = parse(argv)
  return module_of(arguments.command).run(arguments)
end

--- Runs a command line.
---@param argv string[]
---@return integer exit_code
function cli.main(argv)
  launch.open_standard()
  local done, outcome = pcall(run, argv)
  if done then
    return outcome
  elseif type(outcome) == "table" and outcome.text then
    local stream = outcome.code == exit.OK and io.stdout or io.stderr
    stream:write(outcome.text, "\n")
    return outcome.code
  end
  io.stderr:write("usher: internal error: ", tostring(outcome), "\n")
  return exit.INTERNAL
end

return cli
