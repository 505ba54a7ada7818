-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local account = require "usher.keeper.account"
local setback = require "usher.keeper.setback"

local NOW = { wall = 1800000000.5, boot = 1000 }

-- A random number of 0 halves the backoff.
local KEEPER = {
  random = function(count)
    return ("\0"):rep(count)
  end,
}

local function new_account()
  return account.new("acme", { provider = {}, config = {}, policy = {} }, 0)
end

local function plan(kind, tries)
  return {
    kind = kind,
    tries = tries or 1,
    push = kind == "exchange" and { sequence = 7, subject = "me" } or nil,
  }
end

local function result(class, changes)
  local merged = { class = class, error = "http_500", is_certain = true }
  for name, value in pairs(changes or {}) do
    merged[name] = value
  end
  return merged
end

describe("setback", function()
  local uncertain = { is_certain = false }
  local consequences = {
    { "retryable", "exchange", 1, uncertain, {} },
    { "retryable", "exchange", 2, uncertain, { spent_sequence = 7 } },
    { "retryable", "exchange", 2, {}, {} },
    { "retryable", "refresh", 2, uncertain, {} },
    { "budget", "exchange", 1, {}, {} },
    { "configuration", "refresh", 1, {}, {} },
    { "credential", "exchange", 1, {}, { spent_sequence = 7 } },
    { "refresh_token", "refresh", 1, {}, { is_refresh_spent = true } },
  }
  for _, case in ipairs(consequences) do
    local class, kind, tries, changes, told = table.unpack(case)
    local outcome = result(class, changes)
    it(("%s of %s %d, certain: %s"):format(class, kind, tries, outcome.is_certain), function()
      local subject = new_account()
      assert.are.same(told, setback.note(KEEPER, subject, plan(kind, tries), outcome, NOW))
      assert.are.equal(1, subject.failures)
      assert.are.same({ class = class, code = "http_500", at = 1800000000 }, subject.last_error)
    end)
  end

  local backoffs = {
    -- class, failures before, Retry-After, boot time, a push ends it
    { "retryable", 0, nil, 1001, true },
    { "retryable", 3, nil, 1008, true },
    { "retryable", 60, nil, 1300, true },
    { "retryable", 0, 90, 1090, true },
    { "retryable", 60, 5, 1300, true },
    { "configuration", 0, nil, 4600, false },
    { "budget", 0, 90, nil, false },
    { "refresh_token", 0, nil, nil, false },
  }
  for _, case in ipairs(backoffs) do
    it(
      ("backs off after %s, %d failures before, Retry-After %s"):format(case[1], case[2], case[3]),
      function()
        local subject = new_account()
        subject.failures = case[2]
        setback.note(KEEPER, subject, plan "refresh", result(case[1], { retry_after = case[3] }), NOW)
        assert.are.same({ case[4], case[5] }, { subject.backoff_until, subject.is_backoff_clearable })
        assert.are.equal(case[2] + 1, subject.failures)
      end
    )
  end

  it("spreads the backoff", function()
    local subject = new_account()
    local keeper = {
      random = function(count)
        return ("\x80" .. ("\0"):rep(count)):sub(1, count)
      end,
    }
    setback.note(keeper, subject, plan "refresh", result "retryable", NOW)
    assert.are.equal(1001.5, subject.backoff_until)
  end)

  it("closes the kind whose budget is used up, longer each time", function()
    local subject = new_account()
    for _, till in ipairs { 1300, 1600, 2200 } do
      setback.note(KEEPER, subject, plan "refresh", result "budget", NOW)
      assert.are.equal(till, subject.closures.refresh.till)
    end
    setback.note(KEEPER, subject, plan "refresh", result("budget", { retry_after = 9000 }), NOW)
    assert.are.equal(10000, subject.closures.refresh.till)
    assert.are.same({ count = 0 }, subject.closures.exchange)
  end)

  it("counts refused credentials, by subject", function()
    local subject, unnamed = new_account(), plan "exchange"
    unnamed.push = { sequence = 8 }
    setback.note(KEEPER, subject, plan "exchange", result "credential", NOW)
    setback.note(KEEPER, subject, plan "exchange", result "credential", NOW)
    setback.note(KEEPER, subject, unnamed, result "credential", NOW)
    assert.are.equal(3, subject.refused)
    assert.are.same({ me = 2, [""] = 1 }, subject.refusals)
  end)
end)
