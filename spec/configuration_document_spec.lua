-- SPDX-License-Identifier: MIT
-- docs/configuration.md says of every variable and every key what the code does, and nothing else.
local account_keys = require "usher.config.account_keys"
local file = require "usher.config.file"
local keeper = require "usher.keeper"
local keys = require "usher.config.keys"
local memories_ai = require "usher.provider.memories_ai"
local paths = require "spec.support.paths"
local reference = require "spec.support.reference"
local sorted = require "usher.config.sorted"
local sqlite = require "usher.store.sqlite"
local temporary = require "spec.support.temporary"
local usher = require "usher"
local variables = require "usher.config.variables"

local text = temporary.read(paths.root .. "/docs/configuration.md")
local sections = reference.rows_in(text)

describe("docs/configuration.md", function()
  for section, rows in pairs(reference.rows()) do
    it("has the rows of: " .. section, function()
      assert.are.same(rows, sections[section])
    end)
  end

  it("has every event", function()
    local names = {}
    for index, row in ipairs(sections.Events) do
      names[index] = row:match "^| `([%l_]+)` |"
    end
    assert.are.same(keeper.EVENTS, names)
  end)

  it("has a configuration file that describes a gateway", function()
    local folder = temporary.folder()
    finally(function()
      temporary.remove(folder)
    end)
    temporary.write(folder .. "/usher.lua", text:match "```lua\n(.-)```")
    local described, err = file.load(folder .. "/usher.lua")
    assert.is_nil(err)
    assert.is_true(usher.is_description(described))
  end)

  it("tells the policy that Memories.ai has", function()
    local policy = memories_ai.policy
    local sentence = ("Memories.ai has a push every %d seconds, %d exchanges and %d refreshes a day"):format(
      policy.push_interval,
      policy.budgets.exchange,
      policy.budgets.refresh
    )
    assert.matches(sentence, text:gsub("\n", " "), 1, true)
  end)
end)

describe("each example of the reference", function()
  for _, from in ipairs { keys, account_keys, sqlite.KEYS } do
    for _, path in ipairs(sorted.keys(from)) do
      it("is allowed: " .. path, function()
        assert.is_true(reference.allows_example(path, from[path]))
      end)
    end
  end

  for _, variable in ipairs(variables) do
    it("is allowed: " .. variable.name, function()
      assert.is_true(reference.allows_example(variable.path, variable))
    end)
  end
end)
