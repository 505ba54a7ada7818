-- SPDX-License-Identifier: MIT
local capture = require "spec.support.capture"
local cli = require "usher.cli"
local paths = require "spec.support.paths"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"
local version = require "usher.version"

local usher = capture.usher

-- Runs `code` as a command named "planted".
local function with_command(code)
  table.insert(cli.commands, { "planted", "For this spec." })
  package.loaded["usher.cli.planted"] = { describe = function() end, run = code }
  finally(function()
    table.remove(cli.commands)
    package.loaded["usher.cli.planted"] = nil
  end)
end

describe("usher", function()
  it("shows help and version", function()
    local code, out, err = usher "--help"
    assert.are.equal(0, code)
    assert.are.equal("", err)
    for _, entry in ipairs(cli.commands) do
      assert.matches("\n   " .. entry[1] .. " ", out, 1, true)
    end
    code, out = usher "--version"
    assert.are.equal(0, code)
    assert.are.equal("usher " .. version .. "\n", out)
  end)

  for _, name in ipairs {
    "run",
    "check",
    "reload",
    "token",
    "status",
    "refresh",
    "authorize",
    "revoke",
    "keygen",
    "rotate-key",
    "recover",
  } do
    it("shows help of " .. name, function()
      local code, out, err = usher(name, "--help")
      assert.are.equal(0, code)
      assert.are.equal("", err)
      assert.matches("^Usage: usher " .. name:gsub("%-", "%%-"), out)
      local short = select(2, usher(name, "-h"))
      assert.are.equal(out, short)
    end)
  end

  for _, case in ipairs {
    { {}, "a command is required" },
    { { "nonsense" }, "unknown command 'nonsense'" },
    { { "--nonsense" }, "unknown option '--nonsense'" },
    { { "token" }, "missing argument 'account'" },
    { { "token", "a", "b" }, "too many arguments" },
    { { "token", "a", "--min-ttl" }, "requires an argument" },
    { { "token", "a", "--min-ttl", "soon" }, "'soon' is not a whole number from 0 to 34560000" },
    { { "token", "a", "--wait", "61" }, "'61' is not a whole number from 0 to 60" },
    { { "token", "a", "--format", "xml" }, "must be one of 'plain', 'json', 'header'" },
    { { "token", "a", "--api", "example.com" }, "'example.com' is not an address" },
    { { "refresh" }, "missing argument 'account'" },
    { { "status", "a", "b" }, "too many arguments" },
    { { "keygen", "a", "b" }, "too many arguments" },
    { { "run", "a", "b" }, "too many arguments" },
  } do
    it(("ends with 64: %s %s"):format(table.concat(case[1], " "), case[2]), function()
      local code, out, err = usher(table.unpack(case[1]))
      assert.are.equal(64, code)
      assert.are.equal("", out)
      assert.matches("^Usage: usher", err)
      assert.is_truthy(err:find("usher: " .. case[2], 1, true) or err:find(case[2], 1, true), err)
    end)
  end

  it("gives a command's exit code", function()
    with_command(function()
      return 17
    end)
    assert.are.equal(17, (usher "planted"))
  end)

  it("shows no stack trace where a command fails", function()
    with_command(function()
      error "planted fault"
    end)
    local code, out, err = usher "planted"
    assert.are.equal(70, code)
    assert.are.equal("", out)
    assert.matches("^usher: internal error: .*planted fault\n$", err)
    assert.is_nil(err:find "traceback")
  end)

  it("runs from any folder", function()
    local folder = temporary.folder()
    finally(function()
      temporary.remove(folder)
    end)
    local status, out = process.run(folder, { paths.root .. "/bin/usher", "--version" })
    assert.are.equal(0, status)
    assert.are.equal("usher " .. version .. "\n", out)
    local pipe = io.popen(("cd '%s/bin' && ./usher --version"):format(paths.root))
    assert.are.equal("usher " .. version .. "\n", pipe:read "a")
    pipe:close()
  end)
end)
