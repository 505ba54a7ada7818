-- SPDX-License-Identifier: MIT
require "spec.support.paths"
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
    assert.is_true(interface.check(memories_ai, "here"))
  end)

  local faults = {
    { 5, "here: a provider script must be a table" },
    { changed { name = "absent" }, "here: name must be a word" },
    { changed { name = "two words" }, "here: name must be a word" },
    { changed { read_tokens = "absent" }, "here: the function read_tokens is missing" },
    { changed { classify = "retryable" }, "here: classify must be a function" },
    { changed { nudge = 1 }, "here: nudge must be a function" },
    { changed { policy = 5 }, "here.policy: must be a table" },
    { changed { policy = { push_intervall = 600 } }, "here.policy.push_intervall: unknown key" },
    { changed { policy = { margin = "1200" } }, "here.policy.margin: must be a number" },
    { changed { policy = { margin = -1 } }, "here.policy.margin: must be a number above 0" },
    { changed { policy = { budgets = { revoke = 5 } } }, "here.policy.budgets.revoke: unknown key" },
    { changed { policy = { rotates = 1 } }, "here.policy.rotates: must be a boolean" },
  }
  for _, case in ipairs(faults) do
    it("says: " .. case[2], function()
      local ok, err = interface.check(case[1], "here")
      assert.is_nil(ok)
      assert.are.same({ "bad_configuration", case[2] }, { err.code, err.message })
    end)
  end
end)
