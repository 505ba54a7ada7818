-- SPDX-License-Identifier: MIT
-- Rule 12: the store is down: serve from memory; refresh only where the answer may be lost.
require "spec.support.paths"
local budget = require "usher.model.budget"
local errors = require "usher.errors"
local keeper_rig = require "spec.support.keeper_rig"

local CALLS = { "load", "offer", "begin", "commit", "abort", "remove", "check" }

local function break_store(rig)
  for _, name in ipairs(CALLS) do
    rig.store[name] = function()
      return errors.fail "store_failed"
    end
  end
end

local function mend_store(rig)
  for _, name in ipairs(CALLS) do
    rig.store[name] = nil
  end
end

describe("rule 12: store down", function()
  it("serves from memory and goes on refreshing where refresh tokens stay", function()
    local rig = keeper_rig.ready()
    break_store(rig)
    for _ = 1, 40 do
      rig:advance(600)
      assert.is_true(rig:accepts(assert(rig:token())))
    end
    assert.is_false(rig.keeper:is_store_up())
    assert.are.equal(rig:count "refresh", rig:document().budgets.refresh.used)
    rig:stop()
  end)

  it("makes no more refreshes than the budget allows, whoever forces them", function()
    local rig = keeper_rig.ready { policy = { budgets = { exchange = 50, refresh = 10 } } }
    break_store(rig)
    for _ = 1, 20 do
      rig:run(rig.keeper.refresh, rig.keeper, "acme")
      rig:advance(1)
    end
    local _, err = rig:token()
    assert.is_nil(err)
    assert.are.equal(10, rig:count "refresh")
    assert.are.equal("budget_exhausted", rig:run(rig.keeper.refresh, rig.keeper, "acme").err.code)
    rig:stop()
  end)

  it("counts on disk what was sent meanwhile once the store is back", function()
    local rig = keeper_rig.ready { policy = { budgets = { exchange = 50, refresh = 10 } } }
    break_store(rig)
    for _ = 1, 9 do
      rig:run(rig.keeper.refresh, rig.keeper, "acme")
      rig:advance(1)
    end
    mend_store(rig)
    rig:advance(61)
    for _ = 1, 3 do
      rig:run(rig.keeper.refresh, rig.keeper, "acme")
      rig:advance(1)
      assert.are.same({ 10, 10 }, { rig:count "refresh", rig:document().budgets.refresh.used })
    end
    rig:stop()
    assert.are.equal(10, budget.used(rig:record().budgets.refresh, rig.clock:wall()))
  end)

  it("puts the newest token set on disk once the store is back", function()
    local rig = keeper_rig.ready()
    break_store(rig)
    rig:advance(3 * 7200)
    local token = rig:token().access_token
    mend_store(rig)
    rig:advance(61)
    assert.is_true(rig.keeper:is_store_up())
    assert.are.equal(token, rig:record().token_set.access_token)
    assert.are.equal(token, rig:token().access_token)
    rig:stop()
  end)

  it("does not use a rotating refresh token", function()
    local rig = keeper_rig.ready { policy = { rotates = true } }
    break_store(rig)
    rig:advance(7100)
    assert.are.equal(0, rig:count "refresh")
    assert.is_true(rig:accepts(assert(rig:token())))
    mend_store(rig)
    rig:advance(120)
    assert.are.equal(1, rig:count "refresh")
    rig:stop()
  end)

  it("does not use one of a provider that has turned out to rotate", function()
    local rig = keeper_rig.ready()
    rig:fail_next("refresh", function()
      return {
        status = 200,
        headers = {},
        body = '{"code":"0000","data":{"accessToken":"a2-access","expiresIn":7200,"refreshToken":"r2-refresh"}}',
      }
    end)
    rig:advance(5900)
    break_store(rig)
    rig:advance(7000)
    assert.are.equal(1, rig:count "refresh")
    rig:stop()
  end)

  it("exchanges nothing, and refuses pushes, so that the provider sends again", function()
    local rig = keeper_rig.new():start()
    break_store(rig)
    local ok, err = rig:push()
    assert.is_nil(ok)
    assert.are.equal("store_failed", err.code)
    rig:advance(600)
    assert.are.equal(0, #rig.requests)
    rig:stop()
  end)

  it("does not take a store for good that can be read and not written", function()
    local rig = keeper_rig.ready { policy = { rotates = true } }
    break_store(rig)
    rig.store.load = nil
    rig:push()
    for _ = 1, 60 do
      rig:advance(30)
      assert.is_false(rig.keeper:is_store_up())
    end
    assert.is_true(rig:accepts(assert(rig:token())))
    rig:stop()
  end)

  it("notices within half a minute that the store is back", function()
    local rig = keeper_rig.ready()
    break_store(rig)
    rig:push()
    assert.is_false(rig.keeper:is_store_up())
    rig:advance(1000)
    mend_store(rig)
    rig:advance(30)
    assert.is_true(rig.keeper:is_store_up())
    rig:stop()
  end)

  it("refreshes at once what the store held up", function()
    local rig = keeper_rig.ready { policy = { rotates = true } }
    break_store(rig)
    rig:advance(7100)
    mend_store(rig)
    rig:advance(31)
    assert.are.equal(1, rig:count "refresh")
    assert.are.equal("ready", rig:document().status)
    rig:stop()
  end)
end)
