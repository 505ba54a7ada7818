-- SPDX-License-Identifier: MIT
-- docs/providers.md: its configurations are read as they stand, and its tables compared with the code.

require "spec.support.paths"
local account = require "usher.provider.account"
local answers = require "usher.provider.oauth2.answers"
local jose_keys = require "spec.support.jose_keys"
local keys = require "usher.provider.oauth2.keys"
local markdown = require "spec.support.markdown"
local paths = require "spec.support.paths"
local reference = require "spec.support.reference"
local services = require "usher.provider.oauth2.services"
local settings = require "usher.provider.oauth2.settings"
local sorted = require "usher.config.sorted"
local temporary = require "spec.support.temporary"
local usher = require "usher"

local MAX_LINES = 10 -- of an account

local sections = markdown.read "providers.md"

local function section(title)
  return markdown.section(sections, title)
end

local function configurations()
  local found = {}
  for _, each in ipairs(sections) do
    for _, block in ipairs(each.code) do
      local name = block.language:match "^lua (.*)$"
      if name then
        found[name] = block.text
      end
    end
  end
  return found
end

-- The description, with a secret in place of each that would be read.
local function read(text)
  local key = ("%q"):format(jose_keys.ES256.private)
  text = text:gsub('usher%.secret%.file "[^"]*%.pem"', function()
    return key
  end)
  text = text:gsub('usher%.secret%.%a+ "[^"]*"', '"0123456789abcdef0123456789abcdef"')
  return assert(load(text))()
end

describe("docs/providers.md", function()
  for name, text in pairs(configurations()) do
    it("has a configuration that is right, and short: " .. name, function()
      local description = read(text)
      assert.is_true(usher.is_description(description))
      for account_name, made in pairs(description.accounts) do
        assert.are.same({}, account.check(made, account_name))
      end
      for body in text:gmatch "usher%.provider%b{}" do
        local _, lines = body:gsub("\n", "")
        assert.is_true(lines <= MAX_LINES)
      end
    end)
  end

  it("has every key of OAuth 2.0", function()
    local written = reference.rows_in(temporary.read(paths.root .. "/docs/providers.md"))
    assert.are.same(reference.rows_of_oauth2(), written["Keys of an account of OAuth 2.0"])
  end)

  it("has every grant", function()
    local names = markdown.names(markdown.rows(section "OAuth 2.0", "`grant`"))
    assert.are.equal(keys.KEYS.grant.value.allowed, table.concat(names, ", "))
  end)

  it("has every service, with what it can do", function()
    local function word(config, endpoint)
      return settings.endpoint(config, nil, endpoint) and "yes" or "no"
    end
    local expected, rows = {}, {}
    for index, name in ipairs(sorted.keys(services)) do
      local config = { service = name }
      expected[index] =
        { name, word(config, "device_authorization_endpoint"), word(config, "revocation_endpoint") }
    end
    for index, row in ipairs(markdown.rows(section "A provider that is known", "`service`")) do
      rows[index] = { markdown.words(row[1])[1], row[2], row[3] }
    end
    assert.are.same(expected, rows)
  end)

  it("has every error with its class", function()
    local classes = {}
    for _, row in ipairs(markdown.rows(section "What an answer means", "error")) do
      classes[markdown.words(row[1])[1]] = markdown.words(row[2])[1] or "grant"
    end
    assert.are.same(answers.CLASSES, classes)
  end)
end)
