-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local description = require "usher.gateway.description"
local usher = require "usher"

local function raw(changes)
  local made = {
    api = { listen = "unix:/x" },
    store = usher.store.memory {},
    accounts = { acme = usher.provider.memories_ai { api_key = "k" } },
  }
  for key, value in pairs(changes or {}) do
    made[key] = value
  end
  return made
end

local function messages_of(changes)
  local settings, err = description.read(raw(changes))
  assert.is_nil(settings)
  assert.are.equal("bad_configuration", err.code)
  local messages = {}
  for index, finding in ipairs(err.findings) do
    messages[index] = finding.message
  end
  return messages, err.findings
end

describe("a description", function()
  it("is read with its defaults, and left as it is", function()
    local given = raw()
    local settings = assert(description.read(given))
    assert.are.same({
      listen = "127.0.0.1:8080",
      mode = "0600",
      plain = false,
      path = "/callback",
      allow = {},
      reply_status = 200,
    }, settings.callback)
    assert.are.same({ listen = "unix:/x", mode = "0600", hosts = {} }, settings.api)
    assert.are.same({ level = "info", format = "logfmt" }, settings.log)
    assert.are.same({}, settings.routes)
    assert.are.same({}, settings.on)
    assert.are.equal("/callback", settings.accounts.acme.config.callback_path)
    assert.is_nil(given.callback)
    assert.is_nil(given.accounts.acme.config.callback_path)
  end)

  it("that was read can be read again", function()
    local settings = assert(description.read(raw { callback = { path = "/x" } }))
    assert.are.same(settings, assert(description.read(settings)))
  end)

  it("puts accounts on the callback's path, or on their own", function()
    local settings = assert(description.read(raw {
      callback = { path = "/x" },
      accounts = {
        acme = usher.provider.memories_ai { api_key = "k" },
        bolt = usher.provider.memories_ai { api_key = "k", callback_path = "/y" },
      },
    }))
    assert.are.equal("/x", settings.accounts.acme.config.callback_path)
    assert.are.equal("/y", settings.accounts.bolt.config.callback_path)
  end)

  it("has the API listen at the usual socket", function()
    local settings = assert(description.read(raw { api = {} }))
    assert.matches("^unix:/.*usher.sock$", settings.api.listen)
  end)

  for expected, changes in pairs {
    ["callback.tls.kee is not a known key; the nearest known key is callback.tls.key"] = {
      callback = { tls = { kee = "x" } },
    },
    ["callback.tls.key is required: certificate and key go together"] = {
      callback = { tls = { cert = "x" } },
    },
    ["callback.tls.cert /nowhere/cert.pem: not found"] = {
      callback = { tls = { cert = "/nowhere/cert.pem", key = "/nowhere/key.pem" } },
    },
    ["on.token_refreshd is not a known key; the nearest known key is on.token_refreshed"] = {
      on = { token_refreshd = print },
    },
    ["on.recovered is not allowed; allowed: a function"] = { on = { recovered = {} } },
    ["store is not allowed; allowed: a store: usher.store.sqlite"] = { store = {} },
    ["store.pth is not a known key; the nearest known key is store.path"] = {
      store = usher.store.sqlite { pth = "/x", path = "/x", key = ("k"):rep(32) },
    },
    ["store.key is missing: the secret cannot be read: /nowhere/key"] = {
      store = usher.store.sqlite { path = "/x", key = usher.secret.file "/nowhere/key" },
    },
    ["accounts 5 is not allowed; allowed: a table"] = { accounts = 5 },
    ["accounts.a/b is no account's name; allowed: 1 to 64"] = {
      accounts = { ["a/b"] = usher.provider.memories_ai { api_key = "k" } },
    },
    ["accounts[1] is no account's name"] = { accounts = { usher.provider.memories_ai { api_key = "k" } } },
    ["accounts.acme.api_key is missing: the environment variable USHER_SPEC_UNSET is not set"] = {
      accounts = { acme = usher.provider.memories_ai { api_key = usher.secret.env "USHER_SPEC_UNSET" } },
    },
    ["accounts.acme: the function account_key is missing"] = {
      accounts = { acme = usher.provider { name = "toy" } {} },
    },
    ["accounts.bolt: a callback could not be told from one for accounts.acme: give it another callback_path"] = {
      accounts = {
        acme = usher.provider.memories_ai { api_key = "k" },
        bolt = usher.provider.memories_ai { api_key = "k" },
      },
    },
    ["api.token is required where the API is on TCP"] = { api = { listen = "127.0.0.1:1" } },
    ["api.token is missing: the environment variable USHER_SPEC_UNSET is not set"] = {
      api = { listen = "127.0.0.1:1", token = usher.secret.env "USHER_SPEC_UNSET" },
    },
    ["callback.listen is reachable from other machines"] = { callback = { listen = "0.0.0.0:1" } },
    ["callback.allow[1]: not a network: 10.0.0.0/40"] = { callback = { allow = { "10.0.0.0/40" } } },
    ['api.group names "n0b0dy": no such group'] = { api = { group = "n0b0dy" } },
    ['callback.group names "n0b0dy": no such group'] = { callback = { group = "n0b0dy" } },
    ['routes: "/x" is not "METHOD /path"'] = { routes = { ["/x"] = print } },
    ["routes: one has the callback_path of an account"] = { routes = { ["GET /callback"] = print } },
  } do
    it("is refused: " .. expected, function()
      local messages = messages_of(changes)
      assert.are.equal(1, #messages)
      assert.are.equal(expected, messages[1]:sub(1, #expected))
    end)
  end

  local function with_allow(allow)
    return { acme = usher.provider.memories_ai { api_key = "k", allow = allow } }
  end

  it("has those who may ask by their numbers", function()
    local settings = assert(description.read(raw { accounts = with_allow { users = { "root" } } }))
    assert.are.same({ users = { [0] = true }, groups = {} }, settings.accounts.acme.access)
    assert.are.same(settings, assert(description.read(settings)))
  end)

  it("holds no rule on who may ask where nobody can know", function()
    local changes = { accounts = with_allow { users = { 0 } }, api = { listen = "127.0.0.1:1", token = "t" } }
    assert.matches("^accounts.acme.allow cannot be held on TCP", messages_of(changes)[1])
  end)

  it("tells all mistakes that it can see at once", function()
    local messages, findings = messages_of { callback = { listen = 1, path = 2 }, log = { level = "loud" } }
    assert.are.equal(3, #messages)
    assert.are.same({ "log", "level" }, findings[3].keys)
  end)

  it("says how to allow what is refused for safety", function()
    assert.matches("%(callback.plain = true%)$", messages_of({ callback = { listen = "0.0.0.0:1" } })[1])
  end)

  it("is judged by what its secrets are once they are read", function()
    local accounts = { acme = usher.provider.memories_ai { api_key = core.secret.new "two words" } }
    assert.matches("^accounts.acme.api_key is not allowed", messages_of({ accounts = accounts })[1])
  end)
end)
