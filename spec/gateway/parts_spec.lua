-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local clock = require "usher.clock"
local core = require "usher.core"
local description = require "usher.gateway.description"
local fake_keeper = require "spec.support.fake_keeper"
local parts = require "usher.gateway.parts"
local recorder = require "spec.support.recorder"
local usher = require "usher"

local SEGMENT = "a-secret-of-16-bytes"

local function settings_with(changes)
  local raw = {
    api = { listen = "127.0.0.1:9", token = "b3arer", hosts = { "usher.example" } },
    callback = { listen = "unix:/callback.sock", path = "/callback/" .. SEGMENT },
    store = usher.store.memory {},
    accounts = { acme = usher.provider.memories_ai { api_key = core.secret.new "sk-1" } },
  }
  for key, value in pairs(changes or {}) do
    raw[key] = value
  end
  return assert(description.read(raw))
end

local function make(changes)
  return assert(parts.make(settings_with(changes), {
    keeper = fake_keeper.new(),
    log = (recorder.new()),
    clock = clock.system(),
    random = core.random.bytes,
    requests = {},
    ready = function()
      return true
    end,
    reload = function()
      return true
    end,
  }))
end

local function request(fields)
  local made =
    { method = "GET", path = "/", query = "", headers = { host = "127.0.0.1" }, body = "", remote = "unix" }
  for name, value in pairs(fields) do
    made[name] = value
  end
  return made
end

describe("the parts of settings", function()
  it("listen where the settings say", function()
    assert.are.same({
      callback = { address = { path = "/callback.sock" }, mode = "0600" },
      api = { address = { host = "127.0.0.1", port = 9 }, mode = "0600" },
    }, make().spots)
  end)

  it("know the API's own hosts, the configured ones, and the bearer", function()
    local made = make()
    local function status_of(host, token)
      local headers = { host = host, authorization = "Bearer " .. token }
      return made.api:handle(request { path = "/v1/accounts/acme/token", headers = headers }).status
    end
    assert.are.equal(200, status_of("127.0.0.1:9", "b3arer"))
    assert.are.equal(200, status_of("usher.example", "b3arer"))
    assert.are.equal(421, status_of("other.example", "b3arer"))
    assert.are.equal(401, status_of("usher.example", "b3arex"))
  end)

  it("have routes on the callback, and hooks", function()
    local heard
    local made = make {
      routes = {
        ["GET /mine"] = function()
          return { status = 204 }
        end,
      },
      on = {
        recovered = function(event)
          heard = event.account
        end,
      },
    }
    local status
    local done = core.future.new()
    core.loop:spawn(function()
      status = made.callback:handle(request { path = "/mine" }).status
      made.on_event { event = "recovered", account = "acme" }
      done:resolve()
    end)
    done:wait()
    core.loop:run()
    assert.are.equal(204, status)
    assert.are.equal("acme", heard)
  end)
end)

describe("what is secret in settings", function()
  it("is bearers, keys, and segments of paths", function()
    local secrets = {}
    for _, secret in ipairs(parts.secrets(settings_with())) do
      secrets[type(secret) == "userdata" and secret:reveal() or secret] = true
    end
    assert.are.same(
      { b3arer = true, ["sk-1"] = true, [SEGMENT] = true, ["/callback/" .. SEGMENT] = true },
      secrets
    )
  end)

  it("is what the provider script says", function()
    local account = { provider = { keys = { app_secret = { secret = true }, app_id = {} } }, config = {} }
    assert.is_true(parts.is_secret(account, "app_secret"))
    assert.is_true(parts.is_secret(account, "api_key"))
    assert.is_false(parts.is_secret(account, "app_id"))
  end)

  it("does not show in a path", function()
    assert.are.equal("/callback/[redacted]/x", parts.shown_path("/callback/" .. SEGMENT .. "/x"))
    assert.are.equal("/callback", parts.shown_path "/callback")
  end)
end)
