-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local paths = require "spec.support.paths"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"

local folder

local function check(environment, ...)
  return process.run(folder, { paths.root .. "/bin/usher", "check", ... }, environment)
end

local function check_text(text, environment)
  temporary.write(folder .. "/usher.lua", text)
  local status, out, err = check(environment or {}, folder .. "/usher.lua")
  return status, out, (err:gsub(folder .. "/", ""))
end

local FILE = [[
local usher = require "usher"
return usher.gateway {
  callback = { listen = "0.0.0.0:8080", plain = true },
  store = usher.store.sqlite { path = "usher.db", key = usher.secret.env "USHER_SPEC_KEY" },
  accounts = {
    acme = usher.provider.memories_ai { api_key = usher.secret.env "USHER_SPEC_ACME" },
    bolt = usher.provider.memories_ai { api_key = "sk-of-bolt", client_id = "c1" },
  },
}
]]

local SECRETS = { USHER_SPEC_KEY = ("k"):rep(32), USHER_SPEC_ACME = "sk-of-acme", HOME = "/nowhere" }

describe("usher check", function()
  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  it("shows what a file would run, warns, and makes nothing", function()
    local status, out, err = check_text(FILE, SECRETS)
    assert.are.equal(0, status)
    assert.matches('\naccounts.bolt.client_id = "c1"\n', out, 1, true)
    assert.matches("\nstore = sqlite path=usher.db\n", out, 1, true)
    assert.are.equal(
      "usher: warning: callback.listen takes callbacks in clear from other machines: whoever is on the way reads the"
        .. " credentials\n"
        .. "usher: warning: accounts.acme.client_id is not set: the account will belong to whom the first push that"
        .. " is exchanged names\n",
      err
    )
    for _, secret in ipairs { SECRETS.USHER_SPEC_KEY, SECRETS.USHER_SPEC_ACME, "sk-of-bolt" } do
      assert.not_matches(secret, out .. err, 1, true)
    end
    assert.is_nil(core.file.status "usher.db")
  end)

  it("does not look at the bundled gateway's environment where there is a file", function()
    SECRETS.USHER_LOG_LEVEL = "loud"
    local status, out = check_text(FILE, SECRETS)
    SECRETS.USHER_LOG_LEVEL = nil
    assert.are.equal(0, status)
    assert.matches('log.level = "info"', out, 1, true)
  end)

  it("shows what the environment would run, and makes nothing", function()
    local status, out, err = check {
      MEMORIES_API_KEY = "the-api-key",
      USHER_STATE_DIR = folder .. "/state",
      USHER_ACCOUNT = "acme",
    }
    assert.are.equal(0, status)
    assert.matches("\nstore = sqlite path=" .. folder .. "/state/usher.db\n", out, 1, true)
    assert.matches("^usher: warning: MEMORIES_CLIENT_ID is not set: ", err)
    assert.not_matches("the-api-key", out, 1, true)
    assert.is_nil(core.file.status(folder .. "/state"))
  end)

  it("tells of the environment's mistakes by variable", function()
    local status, out, err = check { MEMORIES_API_KEY = "the-api-key", HOME = "/x", USHER_LOG_LEVEL = "loud" }
    assert.are.same({ 78, "" }, { status, out })
    assert.matches('^usher: USHER_LOG_LEVEL "loud" is not allowed', err)
    status, out, err = check {
      MEMORIES_API_KEY = "the-api-key",
      HOME = "/x",
      USHER_CALLBACK_ALLOW = "10.0.0.0/40",
    }
    assert.are.same({ 78, "" }, { status, out })
    assert.matches("^usher: USHER_CALLBACK_ALLOW%[1%]: not a network", err)
  end)

  local mistakes = {
    ["usher.lua:3: callback.listn is not a known key; the nearest known key is callback.listen"] = {
      "listen",
      "listn",
    },
    ['usher.lua:6: accounts.acme.expires_unit "h" is not allowed; allowed: auto, s, ms'] = {
      "{ api_key = usher",
      '{ expires_unit = "h", api_key = usher',
    },
    ["usher.lua:6: accounts.acme.api_key is missing: the environment variable USHER_SPEC_UNSET is not set"] = {
      "USHER_SPEC_ACME",
      "USHER_SPEC_UNSET",
    },
    ["usher.lua:4: store.pth is not a known key; the nearest known key is store.path"] = { "path", "pth" },
    ["usher.lua:7: accounts.bolt.callback_path is not allowed; allowed: a path from / on"] = {
      'client_id = "c1"',
      "callback_path = 7",
    },
    ["usher.lua:2: accounts is required"] = { "  accounts", "  account_names" },
    ["usher.lua:6: accounts.acme.api_key is required"] = {
      'api_key = usher.secret.env "USHER_SPEC_ACME"',
      "",
    },
    ["usher.lua:4: store.path is required"] = { 'path = "usher.db"', "create = true" },
    ["usher.lua:3: api.token is required where the API is on TCP"] = {
      "  callback",
      '  api = { listen = "127.0.0.1:1" }, callback',
    },
    ["usher.lua:7: usher.provider has no memory_ai"] = {
      "bolt = usher.provider.memories_ai",
      "bolt = usher.provider.memory_ai",
    },
    ["usher.lua:9: unexpected symbol near <eof>"] = { "}\n$", "" },
    ["usher.lua: a configuration returns usher.gateway { ... }"] = { "return usher.gateway", "return" },
  }
  for expected, mistake in pairs(mistakes) do
    it("ends with 78 and says: " .. expected, function()
      local status, out, err = check_text((FILE:gsub(mistake[1], mistake[2], 1)), SECRETS)
      assert.are.equal(78, status)
      assert.are.equal("", out)
      assert.matches("usher: " .. expected, err, 1, true)
      assert.not_matches("traceback", err, 1, true)
    end)
  end

  it("names what a broken provider script lacks, and where", function()
    temporary.write(
      folder .. "/toy.lua",
      [[
local toy = { name = "toy" }
function toy.account_key(config)
  return config.key
end
return toy
]]
    )
    local status, _, err = check_text(
      ([[
local usher = require "usher"
local toy = usher.provider %q
return usher.gateway { store = usher.store.memory {}, accounts = { acme = toy {} } }
]]):format(folder .. "/toy.lua"),
      SECRETS
    )
    assert.are.equal(78, status)
    assert.are.equal("usher: toy.lua:5: accounts.acme: the function request_key is missing\n", err)
  end)

  it("ends with 78 where the file is not there", function()
    local status, _, err = check({}, folder .. "/missing.lua")
    assert.are.equal(78, status)
    assert.matches("missing.lua: No such file or directory", err, 1, true)
  end)
end)
