-- SPDX-License-Identifier: MIT
-- Rule 6: a day's requests are counted, kept over restarts, and made to last.
require "spec.support.paths"
local keeper_rig = require "spec.support.keeper_rig"

local faults = keeper_rig.faults
local DAY = 24 * 3600

local function most_in_a_day(rig, kind)
  local most = 0
  for index, first in ipairs(rig.requests) do
    local count = 0
    for later = index, #rig.requests do
      local request = rig.requests[later]
      if request.at < first.at + DAY and request.kind == kind then
        count = count + 1
      end
    end
    most = math.max(most, count)
  end
  return most
end

describe("rule 6: budgets", function()
  it("never asks more often than a day allows, less the reserve", function()
    local rig = keeper_rig.new({ policy = { budgets = { exchange = 20, refresh = 100 } } }):start()
    rig:push_every(600)
    rig:fail_always("exchange", faults.status(503))
    rig:advance(3 * DAY)
    assert.is_true(most_in_a_day(rig, "exchange") <= 18)
    assert.is_true(rig:count "exchange" > 3 * 12)
    rig:stop()
  end)

  it("spaces what follows a failure once 30 % are used, so that the day's budget lasts", function()
    local rig = keeper_rig.new():start()
    rig:push_every(600)
    rig:fail_always("exchange", faults.status(503))
    rig:advance(12 * 3600)
    local last = rig.requests[#rig.requests]
    local before = rig.requests[#rig.requests - 1]
    assert.is_true(last.at - before.at >= DAY / 30)
    rig:fail_always("exchange", nil)
    rig:advance(3600)
    assert.truthy(rig:token())
    rig:stop()
  end)

  it("does not spend the day's budget on tokens that live for a second", function()
    local rig = keeper_rig.new():start()
    rig:push_every(600)
    rig.simulator.options.access_lifetime = 1
    rig:advance(1800)
    assert.is_true(rig:count "refresh" < 400, rig:count "refresh")
    rig.simulator.options.access_lifetime = 7200
    rig:advance(300)
    assert.is_true(rig:token().expires_in > 6000)
    rig:stop()
  end)

  it("says when an empty budget opens, and asks nothing meanwhile", function()
    local rig = keeper_rig.new({ policy = { budgets = { exchange = 1, refresh = 100 } } }):start()
    rig:fail_next("exchange", faults.status(503))
    rig:push_every(600)
    rig:advance(3700)
    assert.are.equal(1, rig:count "exchange")
    local _, err = rig:token()
    assert.are.equal("budget_exhausted", err.code)
    local opens_at = rig:document().budgets.exchange.opens_at
    assert.is_true(opens_at > rig.clock:wall() + 22 * 3600)
    assert.are.equal(opens_at, rig:document().next_attempt_at)
    rig:advance(opens_at - rig.clock:wall() + 1)
    assert.are.equal(2, rig:count "exchange")
    rig:stop()
  end)

  it("keeps a tenth for a person's forced refresh", function()
    local rig = keeper_rig.ready { policy = { budgets = { exchange = 50, refresh = 10 } } }
    for _ = 1, 9 do
      rig:advance(3000)
      rig:run(rig.keeper.refresh, rig.keeper, "acme")
      rig:advance(1)
    end
    local document = rig:document().budgets.refresh
    assert.are.same({ 9, "integer" }, { document.used, math.type(document.opens_at) })
    rig:advance(3600)
    rig:token { min_ttl = 7000 }
    rig:advance(1)
    assert.are.equal(9, rig:count "refresh")
    rig:run(rig.keeper.refresh, rig.keeper, "acme")
    rig:advance(1)
    assert.are.equal(10, rig:count "refresh")
    local refused = rig:run(rig.keeper.refresh, rig.keeper, "acme")
    rig:advance(1)
    assert.are.equal("budget_exhausted", refused.err.code)
    assert.are.equal(10, rig:count "refresh")
    rig:stop()
  end)

  it("remembers over restarts what was used", function()
    local rig = keeper_rig.ready()
    rig:advance(7000)
    local used = rig:document().budgets
    rig:crash()
    rig:start()
    assert.are.same(used, rig:document().budgets)
    rig:stop()
  end)

  it("keeps its distance over a restart, too", function()
    local rig = keeper_rig.new():start()
    rig:push_every(600)
    rig:fail_always("exchange", faults.status(503))
    rig:advance(12 * 3600)
    while rig.clock:boot() - rig.requests[#rig.requests].at > 60 do
      rig:advance(30)
    end
    local requests = #rig.requests
    rig:stop()
    rig:start():advance(600)
    assert.are.equal(requests, #rig.requests)
    rig:stop()
  end)

  it("gives back what never left", function()
    local rig = keeper_rig.new():start()
    rig:fail_next("exchange", faults.unsent())
    rig:push()
    rig:advance(1)
    assert.are.equal(0, rig:document().budgets.exchange.used)
    rig:stop()
  end)

  it("spends at most 20 of 50 on forged codes in a day, two minutes apart", function()
    local rig = keeper_rig.new():start()
    rig:fail_always("exchange", faults.envelope "0401")
    local pushed = 0
    local function forge()
      pushed = pushed + 1
      rig.keeper:offer("acme", { credential = "forged-code-" .. pushed, subject = "me" })
      rig.pusher = rig.clock:timer(20, forge)
    end
    forge()
    rig:advance(DAY)
    assert.is_true(rig:count "exchange" <= 20)
    for index = 2, #rig.requests do
      assert.is_true(rig.requests[index].at - rig.requests[index - 1].at >= 120)
    end
    rig:stop()
  end)

  it("spends nothing on forged codes while a token pair is there", function()
    local rig = keeper_rig.ready()
    for number = 1, 60 do
      rig:push("forged-code-" .. number)
    end
    rig:advance(6600)
    assert.are.equal(1, rig:count "exchange")
    assert.is_true(rig:accepts(rig:token()))
    rig:stop()
  end)

  it("tells once that little is left", function()
    local rig = keeper_rig.ready { policy = { budgets = { exchange = 50, refresh = 10 } } }
    for _ = 1, 9 do
      rig:advance(3000)
      rig:run(rig.keeper.refresh, rig.keeper, "acme")
      rig:advance(1)
    end
    assert.are.equal(1, rig:told "budget_low")
    rig:stop()
  end)
end)
