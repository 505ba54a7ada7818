-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local description = require "usher.gateway.description"
local listing = require "usher.cli.listing"
local usher = require "usher"

local SEGMENT = "a-secret-of-16-bytes"

local function listed(changes)
  local raw = {
    api = { listen = "unix:/usher.sock" },
    store = usher.store.sqlite { path = "/usher.db", key = ("k"):rep(32) },
    accounts = { acme = usher.provider.memories_ai { api_key = "sk-1", client_id = "c1" } },
  }
  for key, value in pairs(changes or {}) do
    raw[key] = value
  end
  return listing.of(assert(description.read(raw)))
end

describe("the listing of settings", function()
  it("has every one on a line", function()
    assert.are.equal(
      [[
accounts.acme.provider = "memories_ai"
accounts.acme.api_key = [redacted]
accounts.acme.callback_path = "/callback"
accounts.acme.client_id = "c1"
accounts.acme.policy.budgets.exchange = 50
accounts.acme.policy.budgets.refresh = 500
accounts.acme.policy.lifetimes.access = 7200
accounts.acme.policy.lifetimes.refresh = 5184000
accounts.acme.policy.push_interval = 600
accounts.acme.policy.rotates = false
api.hosts = {}
api.listen = "unix:/usher.sock"
api.mode = "0600"
callback.allow = {}
callback.listen = "127.0.0.1:8080"
callback.mode = "0600"
callback.path = "/callback"
callback.plain = false
callback.reply_status = 200
log.format = "logfmt"
log.level = "info"
store = sqlite path=/usher.db
]],
      listed()
    )
  end)

  it("tells texts by name, and of a command's environment the names alone", function()
    local text = listed {
      accounts = {
        vault = usher.provider.exec {
          command = { "/usr/bin/vault", "read" },
          environment = { VAULT_TOKEN = "hvs.s3cret" },
        },
        forge = usher.provider.oauth2 {
          service = "gitlab",
          client_id = "c1",
          redirect_uri = "https://u.example/callback",
          parameters = { prompt = "consent" },
          token_parameters = { password = "hunter2" },
        },
      },
    }
    assert.matches("\naccounts.vault.environment.VAULT_TOKEN = [redacted]\n", text, 1, true)
    assert.matches('\naccounts.forge.parameters.prompt = "consent"\n', text, 1, true)
    assert.matches("\naccounts.forge.token_parameters.password = [redacted]\n", text, 1, true)
    assert.not_matches("s3cret", text, 1, true)
  end)

  it("shows a callback's secret segment in no redirect_uri either", function()
    local text = listed {
      accounts = {
        forge = usher.provider.oauth2 {
          service = "gitlab",
          client_id = "c1",
          callback_path = "/callback/" .. SEGMENT,
          redirect_uri = "https://a-long-host-name.example/callback/" .. SEGMENT,
        },
      },
    }
    assert.matches('redirect_uri = "https://a-long-host-name.example/callback/[redacted]"\n', text, 1, true)
    assert.not_matches(SEGMENT, text, 1, true)
  end)

  it("tells that an account is disabled", function()
    local acme = usher.provider.memories_ai { api_key = "sk-1", disabled = true }
    assert.matches("\naccounts.acme.disabled = true\n", listed { accounts = { acme = acme } }, 1, true)
  end)

  it("tells who may ask", function()
    local text = listed {
      accounts = {
        acme = usher.provider.memories_ai { api_key = "sk-1", allow = { users = { "root", 4711 } } },
      },
    }
    assert.matches('\naccounts.acme.allow.users = { "root", 4711 }\n', text, 1, true)
  end)

  it("tells lists, handlers and a store of one's own", function()
    local text = listed {
      callback = { allow = { "10.0.0.0/8", "::1" } },
      on = { recovered = print },
      routes = {
        ["GET /mine/" .. SEGMENT] = function()
          return { status = 200 }
        end,
      },
      store = { open = print },
    }
    for _, line in ipairs {
      'callback.allow = { "10.0.0.0/8", "::1" }',
      "on.recovered = a function",
      'routes%["GET /mine/%[redacted%]"%] = function at .*listing_spec.lua:%d+',
      "store = of your own",
    } do
      assert.matches("\n" .. line, text)
    end
  end)

  it("shows no secret", function()
    local text = listed {
      callback = { path = "/callback/" .. SEGMENT },
      api = { listen = "127.0.0.1:1", token = core.secret.new "b3arer" },
      accounts = { acme = usher.provider.memories_ai { api_key = core.secret.new "sk-1" } },
    }
    assert.matches("\napi.token = [redacted]\n", text, 1, true)
    assert.matches('\ncallback.path = "/callback/[redacted]"\n', text, 1, true)
    for _, secret in ipairs { "sk-1", "b3arer", SEGMENT, ("k"):rep(32) } do
      assert.not_matches(secret, text, 1, true)
    end
  end)

  it("shows no control character", function()
    local text = listed { store = usher.store.sqlite { path = "/a b", key = ("k"):rep(32) } }
    assert.matches("store = sqlite path=/a b\n", text, 1, true)
  end)
end)
