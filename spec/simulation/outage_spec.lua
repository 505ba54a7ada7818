-- SPDX-License-Identifier: MIT
-- The provider is away for hours: requests stay few, and once it is back there is a token within the hour.
require "spec.support.paths"
local ledger_audit = require "spec.support.ledger_audit"
local simulated_life = require "spec.support.simulated_life"

local MINUTE, HOUR = 60, 3600
local STEP = 20

local OUTAGES = {
  "http,status=500",
  "http,status=503,retry_after=3600",
  "http,status=429,retry_after=3600",
  "envelope,code=0429",
  "envelope,code=0403",
  "garbage",
  "hang",
  "hang,commit=true",
  "close",
  "close,commit=true",
  "truncated",
  "slow,seconds=60",
  "unreachable",
}

-- Seconds until there is a token, at most two hours.
local function await_token(life)
  for waited = 0, 2 * HOUR, STEP do
    local token = life:token()
    if token then
      assert.is_true(life:is_live(token.access_token))
      return waited
    end
    life.clock:advance(STEP)
  end
  return math.huge
end

local function check_budgets(life)
  local entries, options = life.simulator.ledger:after(), life.simulator.options
  assert.is_nil(ledger_audit.budget(entries, "exchange", options.exchange_budget))
  assert.is_nil(ledger_audit.budget(entries, "refresh", options.refresh_budget))
end

-- The longest wait over outages that begin at several ages of the token; nil: before there is one.
local function longest_wait(fault, seconds, ages, options)
  local longest = 0
  for _, age in ipairs(ages) do
    local life = simulated_life.new(options):start()
    life:begin_pushing(1)
    life.clock:advance(age)
    life:fault("exchange:" .. fault)
    life:fault("refresh:" .. fault)
    life.clock:advance(seconds)
    life.simulator.faults:clear()
    longest = math.max(longest, await_token(life))
    check_budgets(life)
    life:close()
  end
  return longest
end

local AGES = { 0, 10 * MINUTE, HOUR, 95 * MINUTE, 119 * MINUTE }

describe("after an outage of both endpoints for four hours", function()
  for _, fault in ipairs(OUTAGES) do
    it(("there is a token within an hour: %s"):format(fault), function()
      local waited = longest_wait(fault, 4 * HOUR, AGES)
      assert.is_true(waited <= HOUR, waited)
    end)
  end

  it("there is one within a quarter of an hour where no request says when to come back", function()
    for _, fault in ipairs { "http,status=500", "hang", "close", "unreachable" } do
      local waited = longest_wait(fault, 4 * HOUR, { 10 * MINUTE, 95 * MINUTE })
      assert.is_true(waited <= 15 * MINUTE, fault .. ": " .. waited)
    end
  end)

  it(
    "there is one within an hour where refreshing rotates, though the refresh token's fate is unknown",
    function()
      for _, fault in ipairs { "hang,commit=true", "close,commit=true", "http,status=503" } do
        local waited = longest_wait(
          fault,
          4 * HOUR,
          { 10 * MINUTE, 95 * MINUTE },
          { policy = { rotates = true } }
        )
        assert.is_true(waited <= HOUR, fault .. ": " .. waited)
      end
    end
  )
end)

describe("after an outage of two days", function()
  for _, fault in ipairs { "http,status=500", "hang,commit=true", "envelope,code=0429" } do
    it(("there is a token within an hour: %s"):format(fault), function()
      local waited = longest_wait(fault, 48 * HOUR, { 0, 10 * MINUTE })
      assert.is_true(waited <= HOUR, waited)
    end)
  end
end)
