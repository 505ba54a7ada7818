-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local account = require "usher.keeper.account"
local view = require "usher.keeper.view"

local WALL = 1800000000
local NOW = { wall = WALL, boot = 1000 }
local LISTENING_SINCE = 400

-- A copy of `base` with `changes` over it; `false` takes a field away.
local function over(base, changes)
  local merged = {}
  for name, value in pairs(base) do
    merged[name] = value
  end
  for name, value in pairs(changes or {}) do
    merged[name] = value or nil
  end
  return merged
end

local TOKENS = {
  access_token = "a",
  token_type = "Bearer",
  issued_at = WALL - 1200,
  expires_at = WALL + 6000,
  refresh_token = "r",
  refresh_issued_at = WALL - 1000,
  refresh_expires_at = WALL + 9000,
}

local function account_with(tokens, record, policy)
  local subject = account.new("acme", { provider = {}, config = {}, policy = policy or {} }, LISTENING_SINCE)
  local empty = { version = 3, epoch = 0, pushes = {}, push_gaps = {}, budgets = {} }
  subject:adopt(over(over(empty, record), { token_set = tokens }), NOW)
  subject.has_refresh = tokens ~= nil and tokens.refresh_token ~= nil
  return subject
end

local function journal(kind, version, tries)
  return { kind = kind, entry = { version = version, tries = tries } }
end

describe("view of the refresh", function()
  local cases = {
    -- title, token changes, journal, policy, can_refresh, has_lost_refresh, must_resolve
    { "is that it is usable", {}, nil, nil, true, false, false },
    { "is that there is none", { refresh_token = false }, nil, nil, false, false, false },
    { "is that it is spent", { refresh_spent_at = WALL }, nil, nil, false, true, false },
    {
      "is that it is tried though it has ended, as a wrong clock has it, where there is nothing else",
      { refresh_expires_at = WALL },
      nil,
      nil,
      true,
      false,
      false,
    },
    { "is that it never ends", { refresh_expires_at = false }, nil, nil, true, false, false },
    { "is to be resolved after one unknown outcome", {}, journal("refresh", 3, 1), nil, true, false, true },
    { "is that it is given up after two", {}, journal("refresh", 3, 2), nil, false, true, false },
    {
      "is that it is given up after one where told",
      {},
      journal("refresh", 3, 1),
      { retry_uncertain = false },
      false,
      true,
      false,
    },
    {
      "minds no unknown outcome where none replaces it",
      {},
      journal("refresh", 3, 9),
      { rotates = false },
      true,
      false,
      false,
    },
    { "minds no other token set's outcome", {}, journal("refresh", 2, 2), nil, true, false, false },
    { "minds no exchange's outcome", {}, journal("exchange", 3, 2), nil, true, false, false },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local seen = view.of(account_with(over(TOKENS, case[2]), { journal = case[3] }, case[4]), NOW)
      assert.are.same(
        { case[5], case[6], case[7] },
        { seen.can_refresh, seen.has_lost_refresh, seen.must_resolve }
      )
    end)
  end

  it("is that it has ended where there is a credential", function()
    local push = { sequence = 1, credential = "code", received_at = WALL }
    local tokens = over(TOKENS, { refresh_expires_at = WALL })
    local seen = view.of(account_with(tokens, { pushes = { push } }), NOW)
    assert.are.same({ false, true }, { seen.can_refresh, seen.has_lost_refresh })
  end)

  it("counts the tries of this token set alone", function()
    for entry, tries in pairs {
      [journal("refresh", 3, 1)] = 2,
      [journal("refresh", 2, 1)] = 1,
      [journal("exchange", 3, 1)] = 1,
    } do
      assert.are.equal(tries, view.refresh_tries(account_with(TOKENS, { journal = entry })))
    end
    assert.are.equal(1, view.refresh_tries(account_with(TOKENS)))
  end)

  local last_cases = {
    -- policy, whether an answer replaced the refresh token, tries, last
    { {}, nil, 1, false },
    { {}, nil, 2, true },
    { { retry_uncertain = false }, nil, 1, true },
    { { rotates = false }, nil, 9, false },
    { { rotates = false }, true, 2, true },
  }
  for index, case in ipairs(last_cases) do
    it(("knows the last try, case %d"):format(index), function()
      local subject = account_with(over(TOKENS, { refresh_rotated = case[2] }), {}, case[1])
      assert.are.equal(case[4], view.is_last_refresh(subject, case[3]))
    end)
  end
end)

describe("view of the times", function()
  it("is in seconds from now", function()
    local seen = view.of(account_with(TOKENS, {}, { margin = 800 }), NOW)
    assert.are.equal(6000, seen.left)
    assert.is_true(seen.due_in >= 5200 and seen.due_in < 5300)
    assert.are.equal(7000, seen.pair_due_in)
  end)

  it("has no times without a token", function()
    local seen = view.of(account_with(nil), NOW)
    assert.are.same({}, { seen.left, seen.due_in, seen.pair_due_in })
    assert.are.same({ false, false }, { seen.can_refresh, seen.was_authorized })
  end)

  it("wants no new pair where the refresh token does not end", function()
    assert.is_nil(view.of(account_with(over(TOKENS, { refresh_expires_at = false })), NOW).pair_due_in)
  end)

  local margins = {
    -- policy, whether there is a token, margin
    { { margin = 800 }, true, 800 },
    { { push_interval = 600 }, true, 1500 },
    { {}, true, 1800 },
    { { lifetimes = { access = 400 } }, false, 100 },
  }
  for index, case in ipairs(margins) do
    it(("have the margin, case %d"):format(index), function()
      assert.are.equal(case[3], view.margin(account_with(case[2] and TOKENS or nil, {}, case[1])))
    end)
  end

  local pushes = {
    -- title, last push, seconds
    { "without any", nil, 600 },
    { "since the last", WALL - 70, 70 },
    { "of which the last came before this process listened", WALL - 5000, 600 },
    { "of which the last lies ahead, the clock being set back", WALL + 50, 0 },
  }
  for _, case in ipairs(pushes) do
    it("count from the pushes, " .. case[1], function()
      local subject = account_with(nil, { last_push_at = case[2] })
      assert.are.equal(case[3], view.since_push(subject, NOW))
      local seen = view.of(subject, NOW)
      assert.are.same({ case[3], case[2] ~= nil }, { seen.since_push, seen.has_pushed })
    end)
  end
end)

describe("view", function()
  it("tells of what is to be saved", function()
    local subject = account_with(TOKENS)
    local seen = view.of(subject, NOW)
    assert.are.same({ nil, false }, { seen.save_in, seen.must_save })
    for retry_at, save_in in pairs { [1007] = 7, [990] = 0 } do
      subject.unsaved = { retry_at = retry_at, must_save = true }
      seen = view.of(subject, NOW)
      assert.are.same({ save_in, true }, { seen.save_in, seen.must_save })
    end
  end)

  it("offers a credential of the account's own subject", function()
    local mine = { sequence = 1, subject = "me", credential = "c1", received_at = WALL - 9 }
    local other = { sequence = 2, subject = "other", credential = "c2", received_at = WALL - 5 }
    local record = { subject = "me", pushes = { mine, other } }
    assert.are.equal(mine, view.of(account_with(nil, record), NOW).credential)
    record.pushes = { other }
    assert.is_nil(view.of(account_with(nil, record), NOW).credential)
  end)

  it("knows a credential that is to be exchanged whatever is there", function()
    local function is_owed(changes, sequence)
      local push = { sequence = sequence, credential = "c", received_at = WALL - 5 }
      local subject = account_with(TOKENS, { last_sequence = 2, pushes = { push } })
      for name, value in pairs(changes) do
        subject[name] = value
      end
      return view.of(subject, NOW).is_owed
    end
    local person, tenant = { needs_person = true }, { parent = { answer = function() end } }
    assert.is_true(is_owed(person, 2))
    assert.is_true(is_owed(tenant, 2))
    assert.is_false(is_owed({}, 2)) -- pushes come by themselves
    assert.is_false(is_owed(person, 1)) -- a newer one was exchanged or refused
    local own = { sequence = 2, credential = "c", received_at = 0, is_own = true }
    assert.is_false(is_owed({ parent = tenant.parent, own_credential = own }, 2))
  end)

  it("knows whether the last attempt was an exchange", function()
    local function after(last_attempts)
      local subject = account_with(TOKENS)
      subject.last_attempts = last_attempts
      return view.of(subject, NOW).was_exchange
    end
    assert.are.same({ false, true, false, true }, {
      after {},
      after { exchange = 1 },
      after { exchange = 1, refresh = 2 },
      after { exchange = 3, refresh = 2 },
    })
  end)

  it("shows each kind's gate", function()
    local subject = account_with(TOKENS)
    subject.closures.exchange.till = 1300
    local shown = view.of(subject, NOW).gates
    assert.are.same({ 300, 0 }, { shown.exchange.delay, shown.refresh.delay })
  end)
end)
