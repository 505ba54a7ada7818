-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local account = require "usher.keeper.account"
local core = require "usher.core"
local errors = require "usher.errors"
local fake_clock = require "spec.support.fake_clock"
local recorder = require "spec.support.recorder"
local watchdog = require "usher.keeper.watchdog"

local WALL = 1800000000
local NOW = { wall = WALL, boot = 1000 }

-- Pushes come every 600 seconds: one is missed after 900.
local function new_account(listening, changes, nudge)
  local provider = { nudge = nudge }
  local settings = { config = {}, policy = { push_interval = 600 }, provider = provider }
  local subject = account.new("acme", settings, NOW.boot - listening)
  for name, value in pairs(changes or {}) do
    subject[name] = value
  end
  return subject
end

local function last_push(seconds_ago)
  return { record = { last_push_at = WALL - seconds_ago, push_gaps = {} } }
end

-- `answer` answers the nudge; the keeper's requests are `requests`.
local function new_keeper(answer)
  local log, lines = recorder.new()
  local keeper =
    { log = log, clock = fake_clock.new(WALL, NOW.boot), requests = {}, random = core.random.bytes }
  function keeper.spawn(_, fn, ...)
    core.loop:spawn(fn, ...)
  end
  function keeper.consult(_, _, request)
    table.insert(keeper.requests, request)
    return answer(request)
  end
  return keeper, lines
end

local MISSED = { level = "warn", event = "push_missed", account = "acme", interval = 600 }

describe("watchdog", function()
  local cases = {
    -- title, seconds it listens, changes, due in
    { "waits one and a half intervals", 0, {}, 900 },
    { "counts from when it began to listen", 400, {}, 500 },
    { "counts from the last push", 5000, last_push(100), 800 },
    { "does not count the time before it listened", 100, last_push(5000), 800 },
    { "is due, never overdue", 5000, {}, 0 },
    { "watches for nothing where no interval is known", 5000, { policy = {} }, nil },
    { "has told of it", 5000, { has_missed_push = true }, nil },
    { "leaves a disabled account", 5000, { is_disabled = true }, nil },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      assert.are.equal(case[4], watchdog.due_in(new_account(case[2], case[3]), NOW))
    end)
  end

  it("tells of a missed push once, until one comes", function()
    local keeper, lines = new_keeper()
    local subject = new_account(900)
    watchdog.check(keeper, subject, NOW)
    watchdog.check(keeper, subject, NOW)
    assert.are.same({ MISSED }, lines)
    assert.is_true(subject.has_missed_push)
    watchdog.reset(subject)
    assert.is_false(subject.has_missed_push)
    watchdog.check(keeper, subject, NOW)
    assert.are.same({ MISSED, MISSED }, lines)
  end)

  it("tells of none that is not yet missed", function()
    local keeper, lines = new_keeper()
    local subject = new_account(899)
    watchdog.check(keeper, subject, NOW)
    assert.are.same({ {}, false }, { lines, subject.has_missed_push })
  end)
end)

describe("watchdog's nudge", function()
  local function check(nudge, answer)
    local keeper, lines = new_keeper(answer)
    watchdog.check(keeper, new_account(900, {}, nudge), NOW)
    keeper.clock:advance(0)
    assert.are.same(MISSED, lines[1])
    return lines[2], keeper.requests
  end

  local function ask(_, context)
    return { method = "POST", url = "https://provider/push?at=" .. context.now }
  end

  it("asks the provider for a push", function()
    local line, requests = check(ask, function()
      return { status = 202, headers = {}, body = "" }
    end)
    assert.are.same({
      {
        method = "POST",
        url = "https://provider/push?at=" .. WALL,
      },
    }, requests)
    assert.are.same({ level = "info", event = "nudged", account = "acme", status = 202 }, line)
  end)

  it("notes that the provider was not reached", function()
    local line = check(ask, function()
      return errors.fail "timeout"
    end)
    assert.are.same({ level = "info", event = "nudged", account = "acme", error = "timeout" }, line)
  end)

  local broken = {
    ["raises"] = function()
      error "broke"
    end,
    ["gives no request"] = function() end,
  }
  for title, nudge in pairs(broken) do
    it("sends nothing where the script " .. title, function()
      local line, requests = check(nudge)
      assert.are.same({ "error", "provider_script_failed", "nudge" }, { line.level, line.event, line.kind })
      assert.are.same({}, requests)
    end)
  end
end)
