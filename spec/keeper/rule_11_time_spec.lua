-- SPDX-License-Identifier: MIT
-- Rule 11: deadlines run on boot time, the disk knows wall time, and neither a jump, a suspend nor a start
-- makes a storm
-- or serves a dead token.
require "spec.support.paths"
local keeper_rig = require "spec.support.keeper_rig"

local DAY = 24 * 3600

local function started(accounts, life)
  local rig = keeper_rig.new { accounts = accounts, simulator = { access_lifetime = life } }
  rig:start()
  for _, name in ipairs(rig.keeper:names()) do
    rig.keeper:offer(
      name,
      { credential = select(2, rig.simulator:push()), subject = rig.simulator.options.client_id }
    )
    rig:advance(1)
  end
  return rig
end

describe("rule 11: wall clock jumps", function()
  for name, seconds in pairs {
    ["a day ahead"] = DAY,
    ["a day back"] = -DAY,
    ["thirty years back"] = -30 * 365 * DAY,
    ["an hour ahead"] = 3600,
    ["an hour back"] = -3600,
  } do
    it(name .. ": no dead token, at most one refresh, then all is well", function()
      local rig = keeper_rig.ready()
      rig:advance(1000)
      rig.clock:step_wall(seconds)
      for _ = 1, 30 do
        local token = rig:token()
        assert.is_true(not token or rig:accepts(token))
        rig:advance(5)
      end
      assert.is_true(rig:count "refresh" <= 1)
      assert.truthy(rig:token())
      for _ = 1, 24 do
        rig:advance(600)
        assert.is_true(rig:accepts(assert(rig:token())))
      end
      assert.is_true(rig:count "refresh" <= 4)
      rig:stop()
    end)
  end

  it("tells of a jump, and not of time that passes", function()
    local rig = keeper_rig.ready()
    rig:advance(3600)
    rig.clock:step_wall(-5)
    rig:advance(61)
    local jumps = 0
    for _, line in ipairs(rig.lines) do
      jumps = jumps + (line.event == "clock_jumped" and 1 or 0)
    end
    assert.are.equal(1, jumps)
    rig:stop()
  end)

  it("survives 200 random steps without a dead token or a storm", function()
    local rig = keeper_rig.ready { simulator = { refresh_budget = 5000 }, policy = { budgets = {} } }
    rig:push_every(600)
    math.randomseed(4)
    for _ = 1, 200 do
      local before = rig:count "refresh"
      rig.clock:step_wall(math.random(-2 * DAY, 2 * DAY))
      rig:advance(math.random(1, 120))
      local token = rig:token()
      assert.is_true(not token or rig:accepts(token))
      assert.is_true(rig:count "refresh" - before <= 1)
    end
    rig:advance(300)
    assert.is_true(rig:accepts(assert(rig:token())))
    rig:stop()
  end)

  it("does not trust a stored token after the clock was set back while it was away", function()
    local rig = keeper_rig.ready()
    rig:stop()
    rig:advance(3 * 3600)
    rig.clock:step_wall(-DAY)
    rig:start()
    assert.is_nil((rig:token()))
    rig:advance(1)
    assert.is_true(rig:accepts(assert(rig:token())))
    rig:stop()
  end)
end)

describe("rule 11: suspend", function()
  it("serves no dead token after eight hours, and refreshes within a minute", function()
    local rig = keeper_rig.ready()
    rig:advance(1000)
    rig.clock:suspend(8 * 3600)
    assert.is_nil((rig:token()))
    rig:advance(60)
    assert.is_true(rig:accepts(assert(rig:token())))
    assert.are.equal(1, rig:count "refresh")
    rig:stop()
  end)
end)

describe("rule 11: a consumer", function()
  local function asks_after(befall)
    local rig = keeper_rig.ready()
    rig:advance(1000)
    befall(rig.clock)
    local box = rig:run(rig.keeper.token, rig.keeper, "acme")
    rig:advance(1)
    assert.is_true(rig:accepts(assert(box.value, box.err)))
    assert.are.equal(1, rig:count "refresh")
    rig:stop()
  end

  it("that finds the token dead after eight hours of sleep gets a new one at once", function()
    asks_after(function(clock)
      clock:suspend(8 * 3600)
    end)
  end)

  it("that finds it dead after the clock was set ahead gets a new one at once", function()
    asks_after(function(clock)
      clock:step_wall(DAY)
    end)
  end)
end)

describe("rule 11: start", function()
  it("serves the stored token at once, without any request", function()
    local rig = keeper_rig.ready()
    local token = rig:token().access_token
    rig:crash()
    rig:start()
    assert.are.equal(token, rig:token().access_token)
    rig:advance(600)
    assert.are.equal(1, #rig.requests)
    rig:stop()
  end)

  it("sends one overdue account on its way at once", function()
    local rig = keeper_rig.ready()
    rig:stop()
    rig:advance(DAY)
    rig:start():advance(0.2)
    assert.are.equal(1, rig:count "refresh")
    assert.truthy(rig:token())
    rig:stop()
  end)

  it("spreads overdue accounts by 50 ms, expired ones first", function()
    local rig = started(40, 3600)
    rig:stop()
    rig:advance(3000)
    rig:start()
    rig:advance(0.01)
    local first = #rig.requests
    rig:advance(0.99)
    assert.is_true(#rig.requests - first >= 18 and #rig.requests - first <= 20)
    rig:advance(2)
    assert.are.equal(40, rig:count "refresh")
    rig:stop()
  end)
end)
