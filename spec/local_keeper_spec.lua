-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local clock = require "usher.clock"
local core = require "usher.core"
local log = require "usher.log"
local push = require "usher.simulator.push"
local simulator = require "usher.simulator"
local usher = require "usher"

local API_KEY = "sk-local-keeper"

local function account(changes)
  local options = { api_key = API_KEY, base_url = "http://127.0.0.1:1" }
  for name, value in pairs(changes or {}) do
    options[name] = value
  end
  return usher.provider.memories_ai(options)
end

-- Options over a simulated provider, which is the second result.
local function options_with(changes)
  local provider = simulator.new { api_key = API_KEY, clock = clock.system() }
  local options = {
    store = usher.store.memory {},
    accounts = { acme = account() },
    log = log.silent(),
    transfer = function(request)
      return provider:perform(request)
    end,
  }
  for name, value in pairs(changes or {}) do
    options[name] = value
  end
  return options, provider
end

local function callback_of(code, api_key)
  return {
    method = "GET",
    path = "/callback",
    query = ("code=%s&clientId=w1&state=%s"):format(code, push.state_of(api_key or API_KEY)),
  }
end

-- What the provider would send to the callback.
local function pushed(provider)
  local request = provider:push()
  return { method = request.method, path = "/callback", query = request.url:match "%?(.*)$" }
end

describe("usher.keeper", function()
  it("blocks in plain code and yields in a task", function()
    local options, provider = options_with()
    local keeper <close> = usher.keeper(options)
    assert(keeper:start())
    local other_ran = false
    core.loop:spawn(function()
      other_ran = true
      assert.are.equal(200, keeper:receive(pushed(provider)).status)
    end)
    local token = assert(keeper:token("acme", { wait = 5 }))
    assert.is_true(other_ran)

    local seen = core.future.new()
    core.loop:spawn(function()
      seen:resolve(keeper:token "acme")
    end)
    assert.are.equal(token.access_token, seen:wait().access_token)
    assert.are.equal(1, provider.ledger:count("exchange", "ok"))
  end)

  it("does what the keeper does", function()
    local options, provider = options_with()
    local keeper <close> = usher.keeper(options)
    assert(keeper:start())
    assert.are.same({ "acme" }, keeper:names())
    assert.are.equal("awaiting_credential", keeper:document("acme").status)
    assert.are.equal("awaiting_credential", select(2, keeper:token("acme", { wait = 0 })).code)
    assert.are.equal("unknown_account", select(2, keeper:token "bolt").code)
    local _, code = provider:push()
    assert.is_true(keeper:offer("acme", { subject = provider.options.client_id, credential = code }))
    local first = assert(keeper:token("acme", { wait = 5 }))
    local second = assert(keeper:refresh("acme", { rejected = first.access_token }))
    assert.is_true(second.refreshed)
    assert.are_not.equal(first.access_token, second.access_token)
  end)

  it("tells of events", function()
    local refreshed = core.future.new()
    local options, provider = options_with {
      on_event = function(event)
        if event.event == "token_refreshed" then
          refreshed:resolve(event.account)
        end
      end,
    }
    local keeper <close> = usher.keeper(options)
    assert(keeper:start())
    keeper:receive(pushed(provider))
    assert.are.equal("acme", refreshed:wait())
  end)

  it("answers callbacks as the gateway does", function()
    local keeper <close> = usher.keeper(options_with {
      transfer = function()
        return nil, core.failure "connect_failed"
      end,
    })
    assert(keeper:start())
    local answer = keeper:receive(callback_of "c1")
    assert.are.same({ 200, "ok" }, { answer.status, answer.body })
    assert.are.equal(403, keeper:receive(callback_of("c2", "sk-other")).status)
    assert.are.equal(404, keeper:receive({ method = "GET", path = "/elsewhere" }).status)
    assert.are.equal(405, keeper:receive({ method = "PUT", path = "/callback" }).status)
    assert.are.equal(400, keeper:receive({ method = "GET", path = "/callback" }).status)
  end)

  it("keeps nothing open where the store does not open", function()
    local store = usher.store.memory {}
    function store.open()
      return nil, core.failure "store_locked"
    end
    local keeper = usher.keeper(options_with { store = store })
    local ok, err = keeper:start()
    assert.is_nil(ok)
    assert.are.equal("store_locked", err.code)
    keeper:stop()
  end)

  it("opens nothing where accounts could not be told apart", function()
    local store = usher.store.memory {}
    local keeper =
      usher.keeper(options_with { store = store, accounts = { acme = account(), bolt = account() } })
    local ok, err = keeper:start()
    assert.is_nil(ok)
    assert.are.equal("bad_configuration", err.code)
    assert.is_nil((store:names()))
  end)

  it("stops once, and is not to be used then", function()
    local store = usher.store.memory {}
    local keeper = usher.keeper(options_with { store = store })
    assert(keeper:start())
    keeper:stop()
    keeper:stop()
    assert.is_nil((store:names()))
    assert.has_error(function()
      keeper:receive(callback_of "c1")
    end, "usher.keeper: not started")
  end)

  it("refuses what is no table of options", function()
    assert.has_error(function()
      usher.keeper()
    end, "usher.keeper takes a table")
  end)

  local BROKEN = { provider = { name = "broken" }, config = {} }
  for fault, changes in pairs {
    ["usher.keeper: accounts.acme.api_kee is not a known key; the nearest known key is accounts.acme.api_key"] = {
      accounts = { acme = account { api_kee = "sk-1" } },
    },
    ["usher.keeper takes no 'stores'"] = { stores = {} },
    ["usher.keeper: store must be one of usher.store"] = { store = "tokens.db" },
    ["usher.keeper: accounts must be a table of accounts by name"] = { accounts = {} },
    ["usher.keeper: accounts.acme is not an account; allowed: usher.provider.memories_ai { ... }"] = {
      accounts = { acme = {} },
    },
    ["usher.keeper: accounts.acme: the function account_key is missing"] = {
      accounts = { acme = BROKEN },
    },
  } do
    it("refuses: " .. fault, function()
      local options = options_with(changes)
      assert.has_error(function()
        usher.keeper(options)
      end, fault)
    end)
  end
end)
