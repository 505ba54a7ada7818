-- SPDX-License-Identifier: MIT
local keys = require "usher.config.keys"
local variables = require "usher.config.variables"

describe("variables", function()
  it("have a name, a path and a sentence each, none twice", function()
    local seen = {}
    for _, variable in ipairs(variables) do
      assert.is_truthy(variable.name:find "^[A-Z]+_[A-Z_]+$", variable.name)
      assert.is_string(variable.what)
      assert.is_nil(seen[variable.name] or seen[variable.path], variable.name)
      seen[variable.name], seen[variable.path] = true, true
    end
  end)

  it("have defaults that they allow", function()
    for _, variable in ipairs(variables) do
      if variable.default ~= nil then
        assert.is_true(variable.value.check(variable.default), variable.name)
      end
    end
  end)

  it("over a key are of its kind", function()
    for _, variable in ipairs(variables) do
      local key = keys[variable.path]
      if key then
        assert.are.equal(key.value, variable.value)
        assert.are.equal(key.secret, variable.secret)
      end
    end
  end)
end)
