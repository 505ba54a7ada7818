-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local launch = require "usher.launch"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"

local SIGPIPE = 13

-- What a process writes that becomes `sh -c script`.
local function shell(script, set_up)
  local code =
    '%s require("usher.launch").exec({ "sh", "-c", %q, "sh", "two words", "" }, "TOKEN", "t0\\"ken $x")'
  return child.run(code:format(set_up or "", script))
end

local function raises(message, ...)
  local ok, raised = pcall(launch.exec, ...)
  assert.is_false(ok)
  assert.matches(message, raised, 1, true)
end

describe("usher.launch", function()
  it("becomes a program with a variable more", function()
    assert.are.equal('t0"ken $x', shell [[printf %s "$TOKEN"]])
  end)

  it("keeps the process", function()
    local out = child.run [[
      local file = io.open "/proc/self/stat"
      print(file:read "n")
      io.stdout:flush()
      require("usher.launch").exec({ "sh", "-c", "echo $$" }, "TOKEN", "")
    ]]
    local before, after = out:match "^(%d+)\n(%d+)\n$"
    assert.are.equal(before, after)
  end)

  it("passes words as they are, and nothing else", function()
    assert.are.equal("2 two words.", shell [[printf '%d %s.%s' $# "$1" "$2"]])
    assert.not_matches("t0", shell "cat /proc/$$/cmdline; true", 1, true)
  end)

  -- Whether a program is started with SIGPIPE ignored, by a process that began as `option` of env(1) says.
  local function ignores_pipe(option)
    local folder = temporary.folder()
    finally(function()
      temporary.remove(folder)
    end)
    local code = [[
      package.cpath = %q
      local launch = require "usher.launch"
      require "socket"
      launch.exec({ "grep", "SigIgn", "/proc/self/status" }, "TOKEN", "")
    ]]
    local command = { "env", option, "lua5.4", "-e", code:format(package.cpath) }
    local _, out = process.run(folder, command)
    return tonumber(out:match "SigIgn:%s*(%x+)", 16) >> (SIGPIPE - 1) & 1 == 1
  end

  it("gives back SIGPIPE's action, which LuaSocket changes", function()
    assert.is_false(ignores_pipe "--default-signal=PIPE")
    assert.is_true(ignores_pipe "--ignore-signal=PIPE")
  end)

  it("returns where there is no such program", function()
    local nothing, reason, is_missing = launch.exec({ "/nowhere/program" }, "USHER_SPEC_TOKEN", "t")
    assert.is_nil(nothing)
    assert.are.equal("No such file or directory", reason)
    assert.is_true(is_missing)
    nothing, reason, is_missing = launch.exec({ "/" }, "USHER_SPEC_TOKEN", "t")
    assert.is_nil(nothing)
    assert.are.equal("Permission denied", reason)
    assert.is_false(is_missing)
    assert.is_nil(os.getenv "USHER_SPEC_TOKEN")
  end)

  it("refuses what it cannot pass on", function()
    raises("no list of words", {}, "A", "b")
    raises("a word that is no string", { "sh", 1 }, "A", "b")
    raises("a NUL in a word", { "sh\0" }, "A", "b")
    raises("no variable's name", { "sh" }, "A=B", "b")
    raises("no variable's name", { "sh" }, "", "b")
    raises("a NUL in it", { "sh" }, "A", "b\0")
    raises("string expected", { "sh" }, "A")
    raises("table expected", "sh", "A", "b")
  end)
end)
