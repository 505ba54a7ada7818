-- SPDX-License-Identifier: MIT
local keys = require "usher.config.keys"
local log = require "usher.log"

describe("each key", function()
  for path, key in pairs(keys) do
    it(path .. " has a kind, a sentence, and a default that it allows", function()
      assert.is_string(key.value.allowed)
      assert.is_truthy(key.what:find "%w+ %w+")
      if key.default ~= nil then
        assert.is_true(key.value.check(key.default))
      end
    end)
  end
end)

describe("keys", function()
  it("take log levels and formats as the log knows them", function()
    assert.are.equal(table.concat(log.levels, ", "), keys["log.level"].value.allowed)
    assert.are.equal(table.concat(log.formats, ", "), keys["log.format"].value.allowed)
  end)
end)
