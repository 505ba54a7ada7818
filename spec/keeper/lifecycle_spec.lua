-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local fake_clock = require "spec.support.fake_clock"
local lifecycle = require "usher.keeper.lifecycle"
local recorder = require "spec.support.recorder"

local function new_keeper()
  local log, lines = recorder.new()
  return { log = log, clock = fake_clock.new() }, lines
end

local function account(changes)
  local subject = { name = "acme", failures = 0, is_disabled = false }
  for name, value in pairs(changes or {}) do
    subject[name] = value
  end
  return subject
end

local VALID, EXPIRED, NONE = { left = 60 }, { left = 0 }, {}
local LATER, AT_ONCE = { delay = 30 }, { delay = 0 }
local FOR_PUSH, FOR_PERSON = { waits_for = "push" }, { waits_for = "person" }

describe("lifecycle at rest", function()
  local cases = {
    -- account, seen, plan, status
    { {}, VALID, LATER, "ready" },
    { {}, EXPIRED, LATER, "retrying" },
    { {}, NONE, LATER, "retrying" },
    { { failures = 1 }, VALID, LATER, "retrying" },
    { {}, NONE, FOR_PUSH, "awaiting_credential" },
    { {}, VALID, FOR_PUSH, "awaiting_credential" },
    { { failures = 3 }, NONE, FOR_PERSON, "reauthorization_required" },
    { { is_disabled = true }, VALID, LATER, "disabled" },
    { { is_disabled = true }, NONE, FOR_PERSON, "disabled" },
    { { damage = "x" }, NONE, FOR_PUSH, "reauthorization_required" },
    { { damage = "x" }, EXPIRED, LATER, "reauthorization_required" },
    { { damage = "x" }, VALID, LATER, "ready" },
    { { status = "refreshing" }, VALID, LATER, "ready" },
    { { status = "exchanging" }, EXPIRED, AT_ONCE, "retrying" },
    { { status = "ready" }, EXPIRED, AT_ONCE, "ready" },
    { { status = "awaiting_credential" }, NONE, AT_ONCE, "awaiting_credential" },
    { { status = "ready", failures = 1 }, EXPIRED, AT_ONCE, "retrying" },
  }
  for index, case in ipairs(cases) do
    it(("is %s, case %d"):format(case[4], index), function()
      local subject = account(case[1])
      lifecycle.rest(new_keeper(), subject, case[2], case[3])
      assert.are.equal(case[4], subject.status)
      assert.is_string(lifecycle.STATUSES[subject.status])
    end)
  end

  it("logs a change once", function()
    local keeper, lines = new_keeper()
    local subject = account()
    lifecycle.rest(keeper, subject, VALID, LATER)
    lifecycle.rest(keeper, subject, VALID, LATER)
    lifecycle.rest(keeper, subject, NONE, FOR_PUSH)
    assert.are.same({
      { level = "debug", event = "status_changed", account = "acme", from = "none", to = "ready" },
      {
        level = "debug",
        event = "status_changed",
        account = "acme",
        from = "ready",
        to = "awaiting_credential",
      },
    }, lines)
  end)

  it("tells once that a person is needed, and for what", function()
    local keeper, lines = new_keeper()
    local subject = account()
    lifecycle.rest(keeper, subject, NONE, FOR_PERSON)
    lifecycle.rest(keeper, subject, NONE, FOR_PERSON)
    assert.are.equal(2, #lines)
    assert.are.same({
      level = "error",
      event = "reauthorization_required",
      account = "acme",
      needs = lifecycle.needs(subject),
    }, lines[2])
    assert.matches("authorize again", lines[2].needs, 1, true)
  end)
end)

describe("lifecycle in flight", function()
  for kind, status in pairs { exchange = "exchanging", refresh = "refreshing" } do
    it(("is %s once an attempt to %s begins"):format(status, kind), function()
      local subject = account { status = "ready" }
      lifecycle.begin(new_keeper(), subject, kind)
      assert.are.equal(status, subject.status)
    end)
  end

  for title, status in pairs { ["during another"] = "exchanging", ["before anything is known"] = false } do
    it("does not begin " .. title, function()
      local subject = account { status = status or nil }
      assert.has_error(function()
        lifecycle.begin(new_keeper(), subject, "refresh")
      end, "an attempt begins at rest")
      assert.are.equal(status or nil, subject.status)
    end)
  end
end)

describe("lifecycle's needs", function()
  local refused_client = { class = "configuration" }
  local cases = {
    -- account, what the text says; nil: nothing
    { { status = "ready" }, nil },
    { { status = "retrying", last_error = { class = "retryable" } }, nil },
    { { status = "awaiting_credential" }, nil },
    { { status = "ready", has_missed_push = true }, nil },
    { { status = "awaiting_credential", has_missed_push = true }, "check that its callback reaches" },
    { { status = "retrying", last_error = refused_client }, "refuses the client" },
    { { status = "reauthorization_required", last_error = refused_client }, "authorize again" },
  }
  for index, case in ipairs(cases) do
    it(("are %s, case %d"):format(case[2] or "none", index), function()
      local needs = lifecycle.needs(account(case[1]))
      if case[2] then
        assert.matches(case[2], needs, 1, true)
      else
        assert.is_nil(needs)
      end
    end)
  end
end)
