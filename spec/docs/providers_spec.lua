-- SPDX-License-Identifier: MIT
-- docs/providers.md: its configurations are read as they stand, and its tables compared with the code.

require "spec.support.paths"
local account = require "usher.provider.account"
local answers = require "usher.provider.oauth2.answers"
local interface = require "usher.provider.interface"
local jose_keys = require "spec.support.jose_keys"
local keys = require "usher.provider.oauth2.keys"
local markdown = require "spec.support.markdown"
local paths = require "spec.support.paths"
local process = require "spec.support.process"
local reference = require "spec.support.reference"
local services = require "usher.provider.oauth2.services"
local settings = require "usher.provider.oauth2.settings"
local sorted = require "usher.config.sorted"
local temporary = require "spec.support.temporary"
local usher = require "usher"

local MAX_LINES = 10

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

-- The text with a secret in place of each that would be read: a private key, the master key, and others that may have
-- to be 43 characters long.
local function filled(text)
  local key = ("%q"):format(jose_keys.ES256.private)
  text = text:gsub('usher%.secret%.file "[^"]*%.pem"', function()
    return key
  end)
  text = text:gsub('%f[%w_](key = )usher%.secret%.%a+ "[^"]*"', '%1"0123456789abcdef0123456789abcdef"')
  return (text:gsub('usher%.secret%.%a+ "[^"]*"', '"0123456789abcdefghij0123456789ABCDEFGHIJ012"'))
end

local function read(text)
  return assert(load(filled(text)))()
end

-- Every module of lua/usher/provider that is a provider script.
local function scripts()
  local names = {}
  local listing <close> = assert(io.popen("ls " .. paths.root .. "/lua/usher/provider"))
  for path in listing:lines() do
    local name = path:match "^([%w_]+)%.lua$"
    if name and interface.check(require("usher.provider." .. name)) then
      table.insert(names, name)
    end
  end
  table.sort(names)
  return names
end

describe("docs/providers.md", function()
  for name, text in pairs(configurations()) do
    it("has a configuration that is right, and short: " .. name, function()
      local description = read(text)
      assert.is_true(usher.is_description(description))
      for account_name, made in pairs(description.accounts) do
        assert.are.same({}, account.check(made, account_name))
      end
      local _, breaks = text:gsub("^%s+", ""):gsub("%s+$", ""):gsub("\n", "")
      assert.is_true(breaks < MAX_LINES)
    end)
  end

  it("has configurations that `usher check` takes", function()
    local folder = temporary.folder()
    finally(function()
      temporary.remove(folder)
    end)
    for name, text in pairs(configurations()) do
      local path = ("%s/%s"):format(folder, name)
      temporary.write(path, (filled(text):gsub("/var/lib/usher", folder)))
      local environment = { XDG_RUNTIME_DIR = folder }
      local status, _, err = process.run(folder, { paths.root .. "/bin/usher", "check", path }, environment)
      assert.are.equal(0, status, name .. ": " .. err)
    end
  end)

  it("has every provider script, and a configuration of it", function()
    local listed, configured = {}, {}
    for _, row in ipairs(markdown.rows(section "Providers", "script")) do
      table.insert(listed, markdown.words(row[1])[1])
    end
    table.sort(listed)
    assert.are.same(scripts(), listed)
    for _, text in pairs(configurations()) do
      configured[text:match "usher%.provider%.([%w_]+)"] = true
    end
    for _, name in ipairs(listed) do
      assert.is_true(configured[name], name)
    end
  end)

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
