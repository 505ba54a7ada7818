-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local account = require "usher.provider.account"
local core = require "usher.core"
local errors = require "usher.errors"
local keeper_rig = require "spec.support.keeper_rig"
local memories_ai = require "usher.provider.memories_ai"
local simulated_life = require "spec.support.simulated_life"

local function options_of(changes)
  local options = { api_key = "sk-life", base_url = "http://provider", callback_path = "/callback" }
  for name, value in pairs(changes or {}) do
    options[name] = value
  end
  return account.new(memories_ai, options)
end

describe("the accounts that are kept", function()
  local life

  -- A keeper whose one account, acme, has a token.
  local function start(options)
    life = simulated_life.new(options):start()
    finally(function()
      life:close()
    end)
    life:run(life.receive, life, (life.simulator:push()))
    life.clock:advance(5)
    assert(life:token())
  end

  local function apply(accounts)
    return life:run(life.keeper.apply, life.keeper, accounts)
  end

  it("stay as they are where nothing has changed", function()
    start()
    local before, token = life.keeper.accounts.acme, life:token().access_token
    assert.is_true(apply { acme = options_of() })
    assert.are.equal(before, life.keeper.accounts.acme)
    assert.are.equal(token, life:token().access_token)
    assert.are.same({ 1, 0 }, { life:count "exchange", life:count "refresh" })
  end)

  it("become more and fewer, and what they have on disk stays", function()
    start()
    local token = life:token().access_token
    assert.is_true(apply { bolt = options_of { api_key = "sk-bolt" } })
    assert.are.same({ "bolt" }, life.keeper:names())
    assert.are.equal("awaiting_credential", life.keeper:document("bolt").status)
    assert.are.equal("unknown_account", select(2, life:token()).code)
    assert.is_true(apply { acme = options_of(), bolt = options_of { api_key = "sk-bolt" } })
    assert.are.equal(token, life:token().access_token)
    life.clock:advance(3 * 3600)
    assert.is_true(life:is_live(life:token().access_token))
  end)

  it("take changed settings into their live value", function()
    start()
    local of = life.keeper.accounts.acme
    local due_at = of.plan.at
    assert.is_true(apply { acme = options_of { policy = { margin = 60 } } })
    assert.are.equal(of, life.keeper.accounts.acme)
    assert.are.equal(60, of.policy.margin)
    assert.is_true(of.plan.at > due_at)
  end)

  it("are changed where a secret is", function()
    start()
    local of = life.keeper.accounts.acme
    of.backoff_until = life.clock:boot() + 9999
    assert.is_true(apply { acme = options_of { api_key = core.secret.new "sk-life" } })
    assert.is_nil(of.backoff_until)
    of.backoff_until = life.clock:boot() + 9999
    assert.is_true(apply { acme = options_of { api_key = core.secret.new "sk-life" } })
    assert.is_truthy(of.backoff_until)
    assert.is_true(apply { acme = options_of { api_key = core.secret.new "sk-new" } })
    assert.is_nil(of.backoff_until)
  end)

  it("lose a token of another subject than the one now pinned", function()
    start()
    assert.is_true(apply { acme = options_of { client_id = "somebody-else" } })
    assert.are.equal("awaiting_credential", select(2, life:token()).code)
    assert.are.equal("somebody-else", life.keeper:document("acme").subject)
  end)

  it("keep the token where the pin is whom they belong to", function()
    start()
    local token = life:token().access_token
    assert.is_true(apply { acme = options_of { client_id = life.simulator.options.client_id } })
    assert.are.equal(token, life:token().access_token)
  end)

  it("end an attempt under way when they are removed, and keep what it brought", function()
    start()
    local refreshed = life:start_many(1, life.keeper.refresh, life.keeper, "acme")
    life.clock:advance(0.02)
    assert.are.equal("refreshing", life.keeper:document("acme").status)
    assert.is_true(apply {})
    life.clock:advance(5)
    assert.is_false(refreshed[1].value.refreshed)
    assert.are.equal(1, life:count("refresh", "ok"))
    assert.is_true(apply { acme = options_of() })
    assert.is_true(life:is_live(life:token().access_token))
    life.clock:advance(30)
    assert.are.equal(1, life:count "refresh")
  end)

  it("answer who waits for a token when they are removed", function()
    start()
    assert.is_true(apply { bolt = options_of { api_key = "sk-bolt" } })
    local waiting = life:start_many(3, life.keeper.token, life.keeper, "bolt", { wait = 60 })
    life.clock:advance(1)
    assert.is_true(apply {})
    life.clock:advance(0)
    for _, box in ipairs(waiting) do
      assert.are.equal("unknown_account", box.err.code)
    end
  end)

  it("stay all as they are where the store cannot read a new one", function()
    start()
    local load = life.store.load
    function life.store.load(store, name)
      if name == "bolt" then
        return nil, core.failure "store_failed"
      end
      return load(store, name)
    end
    local ok, err = apply { bolt = options_of { api_key = "sk-bolt" } }
    assert.is_nil(ok)
    assert.are.equal("store_failed", err.code)
    assert.are.same({ "acme" }, life.keeper:names())
    assert.is_truthy(life:token())
  end)
end)

describe("an account whose record is damaged", function()
  -- Two accounts, of which the first has a token on disk that does not open.
  local function damaged()
    local rig = keeper_rig.ready { accounts = 2 }
    rig:stop()
    function rig.store:load(name)
      if name == "acme" then
        return errors.fail("store_corrupt", "the record 'tokens' is damaged", { record = "tokens" })
      end
      return getmetatable(self).__index.load(self, name)
    end
    for _, method in ipairs { "offer", "begin", "commit", "abort", "remove" } do
      rig.store[method] = function(self, name, ...)
        assert(name ~= "acme" or method == "offer", "the record is touched")
        if name == "acme" then
          return self:load(name)
        end
        return getmetatable(self).__index[method](self, name, ...)
      end
    end
    rig:start()
    finally(function()
      rig:stop()
    end)
    return rig
  end

  it("takes no other down, and says what a person must do", function()
    local rig = damaged()
    local document = rig:document()
    assert.are.equal("reauthorization_required", document.status)
    assert.are.equal(
      "the record 'tokens' is damaged: stop the gateway and run `usher recover`",
      document.needs
    )
    assert.are.same({ "store", "store_corrupt" }, { document.last_error.class, document.last_error.code })
    assert.are.equal("reauthorization_required", select(2, rig:token()).code)
    assert.are.equal("awaiting_credential", rig.keeper:document("acme2").status)
    assert.is_true(rig.keeper:is_store_up())
  end)

  it("is left as it is: nothing is asked of the provider, and pushes are refused", function()
    local rig = damaged()
    local requests = #rig.requests
    assert.are.equal("store_corrupt", select(2, rig:push()).code)
    rig:advance(24 * 3600)
    assert.are.equal(requests, #rig.requests)
    assert.is_true(rig.keeper:is_store_up())
  end)

  it("is kept again once its record opens", function()
    local rig = damaged()
    rig.store.load, rig.store.offer, rig.store.begin, rig.store.commit = nil, nil, nil, nil
    rig:stop()
    rig:start()
    assert.is_true(rig:accepts(assert(rig:token())))
    assert.are.equal("ready", rig:document().status)
  end)
end)
