-- SPDX-License-Identifier: MIT
local paths = require "spec.support.paths"
local interface = require "usher.provider.interface"
local memories_ai = require "usher.provider.memories_ai"

local function changed(fields)
  local script = {}
  for name, value in pairs(memories_ai) do
    script[name] = value
  end
  for name, value in pairs(fields) do
    script[name] = value ~= "absent" and value or nil
  end
  return script
end

describe("provider interface", function()
  it("accepts the bundled script", function()
    assert.is_true(interface.check(memories_ai))
  end)

  local faults = {
    { 5, "a provider script must be a table" },
    { changed { name = "absent" }, "name must be a word" },
    { changed { name = "two words" }, "name must be a word" },
    { changed { read_tokens = "absent" }, "the function read_tokens is missing" },
    { changed { classify = "retryable" }, "classify must be a function" },
    { changed { nudge = 1 }, "nudge must be a function" },
    { changed { authorize = 1 }, "authorize must be a function" },
    { changed { own_credential = "c" }, "own_credential must be a function" },
    { changed { policy = 5 }, "policy is not a table" },
    { changed { policy = { push_intervall = 600 } }, "policy.push_intervall is not a known key" },
    { changed { policy = { margin = "1200" } }, 'policy.margin "1200" is not allowed; allowed: seconds' },
    { changed { policy = { margin = -1 } }, "policy.margin -1 is not allowed; allowed: seconds" },
    { changed { policy = { budgets = { revoke = 5 } } }, "policy.budgets.revoke is not a known key" },
    { changed { policy = { rotates = 1 } }, "policy.rotates 1 is not allowed; allowed: true or false" },
    { changed { keys = 5 }, "keys must be a table" },
    { changed { keys = { app_id = true } }, "keys must name the keys of an account, each with a table" },
  }
  for _, case in ipairs(faults) do
    it("says: " .. case[2], function()
      local ok, err = interface.check(case[1])
      assert.is_nil(ok)
      assert.are.equal("bad_configuration", err.code)
      assert.are.equal(case[2], err.message:sub(1, #case[2]))
    end)
  end

  it("says where in the script's file", function()
    local _, err = interface.check(changed { classify = 7 })
    assert.matches("provider/memories_ai.lua:%d+$", err.findings[1].place)
  end)
end)

describe("bundled scripts", function()
  local MAX_LINES = 119

  -- name of the module -> the script, for every one in lua/usher/provider
  local function scripts()
    local found = {}
    local listing <close> = assert(io.popen(("ls '%s/lua/usher/provider/'"):format(paths.root)))
    for name in listing:read("a"):gmatch "([%w_]+)%.lua\n" do
      local module = require("usher.provider." .. name)
      found[name] = type(module.name) == "string" and module or nil
    end
    return found
  end

  it("are each what the interface wants, and short", function()
    local count = 0
    for name, script in pairs(scripts()) do
      local lines = 0
      for _ in io.lines(("%s/lua/usher/provider/%s.lua"):format(paths.root, name)) do
        lines = lines + 1
      end
      assert.is_true(interface.check(script), name)
      assert.is_true(lines <= MAX_LINES, name)
      count = count + 1
    end
    assert.is_true(count >= 6)
  end)
end)
