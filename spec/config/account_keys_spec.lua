-- SPDX-License-Identifier: MIT
local account_keys = require "usher.config.account_keys"

describe("each key of an account", function()
  for path, key in pairs(account_keys) do
    it(path .. " has a kind and a sentence", function()
      assert.is_string(key.value.allowed)
      assert.is_truthy(key.what:find "%w+ %w+")
      assert.is_nil(key.default)
    end)
  end
end)
