-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local account = require "usher.keeper.account"

local WALL, BOOT = 1800000000, 5000

local function at(seconds, wall_step)
  return { wall = WALL + seconds + (wall_step or 0), boot = BOOT + seconds }
end

local function tokens(changes)
  local set = {
    access_token = "a1-access",
    token_type = "Bearer",
    issued_at = WALL,
    expires_at = WALL + 7200,
    refresh_token = "r1-refresh",
  }
  for name, value in pairs(changes or {}) do
    set[name] = value
  end
  return set
end

local function record(version, changes)
  local whole =
    { version = version, epoch = 1, pushes = {}, push_gaps = {}, budgets = {}, token_set = tokens() }
  for name, value in pairs(changes or {}) do
    whole[name] = value
  end
  return whole
end

local function new(policy)
  return account.new("acme", { provider = {}, config = {}, policy = policy or {} }, BOOT)
end

-- An account whose stored token set was read then.
local function stored(seconds, wall_step)
  local subject = new()
  subject:adopt(record(1), at(seconds, wall_step))
  return subject
end

describe("account: the seconds left", function()
  it("are none without a token", function()
    assert.is_nil(new():left(at(0)))
    assert.is_nil(new():answer(at(0)))
  end)

  local cases = {
    -- what happened, when it was read, the wall clock's step since, seconds later, left
    { "pass", 100, 0, 1000, 6200 },
    { "shrink where the wall clock was set ahead", 100, 600, 1000, 5600 },
    { "do not grow where it was set back", 100, -600, 1000, 6200 },
    { "are used up at the expiry", 0, 0, 7200, 0 },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      assert.are.equal(case[5], stored(case[2]):left(at(case[4], case[3])))
    end)
  end

  it("are those of the request's own timing, where this process sent it", function()
    local subject = new()
    subject:adopt(record(1), at(0), BOOT + 100)
    assert.are.equal(60, subject:left(at(40)))
  end)

  it("are none where a stored token is of a time to come", function()
    assert.are.equal(0, stored(0, -6):left(at(0, -6)))
    assert.is_true(stored(0, -4):left(at(0, -4)) > 7000)
  end)
end)

describe("account: the answer", function()
  it("is the token with the seconds left", function()
    assert.are.same({
      access_token = "a1-access",
      token_type = "Bearer",
      expires_in = 6199,
      expires_at = WALL + 7200,
    }, stored(0):answer(at(1000.5)))
  end)

  it("is none once these are used up", function()
    assert.is_nil(stored(0):answer(at(7200)))
  end)

  it("is none of a disabled account", function()
    local subject = stored(0)
    subject.is_disabled = true
    assert.is_nil(subject:answer(at(0)))
  end)
end)

describe("account: records", function()
  local older = {
    ["of an older version"] = { 4, {} },
    ["of an older epoch"] = { 9, { epoch = 0 } },
  }
  for name, case in pairs(older) do
    it("has no use for one " .. name, function()
      local subject = new()
      local current = record(5)
      subject:adopt(current, at(0))
      subject:adopt(record(case[1], case[2]), at(1))
      assert.are.equal(current, subject.record)
    end)
  end

  it("takes one of a newer epoch, whatever its version", function()
    local subject = new()
    subject:adopt(record(5), at(0))
    subject:adopt({ version = 0, epoch = 2, pushes = {}, push_gaps = {}, budgets = {} }, at(1))
    assert.are.same({ 0, nil }, { subject.record.version, subject:left(at(1)) })
  end)

  it("keeps the timing of a token that is merely read again", function()
    local subject = new()
    subject:adopt(record(1), at(0), BOOT + 100)
    subject:adopt(record(1), at(10))
    assert.are.equal(90, subject:left(at(10)))
  end)
end)

describe("account", function()
  it("rotates unless the policy denies it, and always once it has", function()
    assert.is_true(new():rotates())
    assert.is_true(new({ rotates = true }):rotates())
    local subject = new { rotates = false }
    assert.is_false(subject:rotates())
    subject:adopt(record(1, { token_set = tokens { refresh_rotated = true } }), at(0))
    assert.is_true(subject:rotates())
  end)

  it("counts requests of the store and those that it could not be told", function()
    local subject = new()
    local hour = WALL // 3600
    subject:adopt(record(1, { budgets = { refresh = { [tostring(hour)] = 2 } } }), at(0))
    subject:count("refresh", at(0))
    assert.are.same({ [hour] = 3 }, subject:buckets "refresh")
    assert.are.same({}, subject:buckets "exchange")
  end)

  it("finds what is open of each kind, whichever came last", function()
    local subject, exchange = new(), { kind = "exchange", entry = { sequence = 1 } }
    local refresh = { kind = "refresh", entry = { version = 1 }, other = exchange }
    assert.is_nil(subject:open "refresh")
    subject:adopt(record(1, { journal = exchange }), at(0))
    assert.are.same({ exchange, nil }, { subject:open "exchange", subject:open "refresh" })
    subject:adopt(record(1, { journal = refresh }), at(0))
    assert.are.same({ exchange, refresh }, { subject:open "exchange", subject:open "refresh" })
  end)

  it("recalls from a kept credential that an attempt failed before this process", function()
    local subject = new()
    subject:adopt(record(0, { pushes = { { sequence = 1, attempted_at = WALL - 30 } } }), at(0))
    subject:recall_failures(at(0))
    assert.are.same({ true, BOOT - 30 }, { subject.has_failed_before, subject.last_attempts.exchange })
  end)
end)
