-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local choice = require "usher.keeper.choice"

local PUSH = { sequence = 1, credential = "c" }

local function gate(delay, reason)
  return { delay = delay or 0, reason = reason }
end

-- A healthy account in the middle of its token's life.
local function view(changes)
  local seen = {
    left = 3600,
    due_in = 2100,
    can_refresh = true,
    has_lost_refresh = false,
    pair_due_in = 4000000,
    must_resolve = false,
    credential = PUSH,
    is_owed = false,
    was_exchange = false,
    gates = { exchange = gate(), refresh = gate() },
    since_push = 10,
    has_pushed = true,
    interval = 600,
    was_authorized = true,
    needs_person = false,
    must_save = false,
  }
  for name, value in pairs(changes or {}) do
    seen[name] = value ~= "none" and value or nil
  end
  return seen
end

local NO_TOKEN =
  { left = "none", due_in = "none", can_refresh = false, pair_due_in = "none", was_authorized = false }

local function without_token(changes)
  local merged = {}
  for _, fields in ipairs { NO_TOKEN, changes or {} } do
    for name, value in pairs(fields) do
      merged[name] = value
    end
  end
  return merged
end

describe("choice", function()
  local cases = {
    { "refreshes when due, whatever credentials are there", {}, "refresh", 2100 },
    { "refreshes at once when overdue", { due_in = -5 }, "refresh", 0 },
    {
      "waits for the gate",
      { due_in = -5, gates = { refresh = gate(30, "backoff"), exchange = gate() } },
      "refresh",
      30,
    },
    { "exchanges when there is no token", without_token(), "exchange", 0 },
    {
      "exchanges no sooner than its gate allows",
      without_token { gates = { exchange = gate(120, "refused"), refresh = gate() } },
      "exchange",
      120,
    },
    {
      "exchanges at once when the refresh token is lost",
      { can_refresh = false, has_lost_refresh = true },
      "exchange",
      0,
    },
    { "exchanges when due where the provider has no refresh", { can_refresh = false }, "exchange", 2100 },
    { "exchanges in the last fifth of the refresh token's life", { pair_due_in = -1 }, "exchange", 0 },
    {
      "exchanges at once what a person or a tenant has brought, whatever is there",
      { is_owed = true },
      "exchange",
      0,
    },
    { "plans for that fifth", { due_in = 2100, pair_due_in = 1000 }, "exchange", 1000 },
    {
      "refreshes in that fifth where no credential is there",
      { pair_due_in = -1, credential = "none" },
      "refresh",
      2100,
    },
    { "prefers the exchange where both are due", { due_in = -1, pair_due_in = -1 }, "exchange", 0 },
    {
      "lets the refresh have its turn after an exchange where both are due",
      { due_in = -1, pair_due_in = -1, was_exchange = true },
      "refresh",
      0,
    },
    {
      "lets no refresh that is not due yet have it",
      { is_owed = true, was_exchange = true },
      "exchange",
      0,
    },
    {
      "resolves an unknown refresh first",
      { due_in = -1, pair_due_in = -1, must_resolve = true },
      "refresh",
      0,
    },
    {
      "resolves it at once, however long it is until the token is due",
      { must_resolve = true },
      "refresh",
      0,
    },
    {
      "falls back to a credential where refreshing stays closed past the expiry",
      { left = 60, due_in = -5, gates = { refresh = gate(300, "closed"), exchange = gate() } },
      "exchange",
      60,
    },
    {
      "falls back to one where our own budget is used up past the expiry",
      { left = 60, due_in = -5, gates = { refresh = gate(9000, "budget"), exchange = gate() } },
      "exchange",
      60,
    },
    {
      "does so though the last refresh is not resolved",
      {
        left = 60,
        due_in = -5,
        must_resolve = true,
        gates = { refresh = gate(300, "closed"), exchange = gate() },
      },
      "exchange",
      60,
    },
    {
      "does not where it opens in time",
      { left = 600, due_in = -5, gates = { refresh = gate(300, "closed"), exchange = gate() } },
      "refresh",
      300,
    },
    {
      "does not for a mere backoff",
      { left = -60, due_in = -5, gates = { refresh = gate(300, "backoff"), exchange = gate() } },
      "refresh",
      300,
    },
    { "saves first where it must", { due_in = -5, save_in = 8, must_save = true }, "save", 8 },
    { "saves in between where it may", { save_in = 8 }, "save", 8 },
    { "refreshes before a save that may wait", { due_in = -5, save_in = 8 }, "refresh", 0 },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local plan = choice.next(view(case[2]))
      assert.are.same({ case[3], case[4] }, { plan.kind, plan.delay })
      assert.are.equal(case[3] == "exchange" and PUSH or nil, plan.push)
    end)
  end

  it("says which gate it waits for", function()
    local gates = { refresh = gate(30, "budget"), exchange = gate() }
    assert.are.equal("budget", choice.next(view { due_in = -5, gates = gates }).gate)
    assert.is_nil(choice.next(view { due_in = 40, gates = gates }).gate)
  end)

  local waits = {
    { "a credential at first", without_token { credential = "none" }, "credential" },
    { "a credential where pushes come", { can_refresh = false, has_lost_refresh = true }, "credential", 890 },
    {
      "a person where they stopped",
      { can_refresh = false, has_lost_refresh = true, since_push = 900 },
      "person",
    },
    {
      "a person where nobody pushes",
      { can_refresh = false, has_lost_refresh = true, interval = "none", has_pushed = false },
      "person",
    },
    {
      "a credential where the interval is not known yet",
      { can_refresh = false, has_lost_refresh = true, interval = "none" },
      "credential",
    },
    {
      "a person where nobody else brings a credential",
      { can_refresh = false, has_lost_refresh = true, interval = "none", needs_person = true },
      "person",
    },
    {
      "a person who has never authorized",
      { left = "none", can_refresh = false, was_authorized = false, needs_person = true },
      "person",
    },
    { "nothing before a token without refresh is due", { can_refresh = false }, nil, 2100 },
    { "nothing where the tokens are about to move", { left = 0, due_in = -5, is_nameless = true }, nil },
  }
  for _, case in ipairs(waits) do
    it("waits for " .. case[1], function()
      local changes = { credential = "none" }
      for name, value in pairs(case[2]) do
        changes[name] = value
      end
      local plan = choice.next(view(changes))
      assert.is_nil(plan.kind)
      assert.are.same({ case[3], case[4] }, { plan.waits_for, plan.recheck_in })
    end)
  end
end)

describe("choice before its time", function()
  local held = { gates = { refresh = gate(30, "backoff"), exchange = gate() } }

  it("refreshes", function()
    assert.are.same({ kind = "refresh", delay = 0, is_forced = false }, choice.early(view(), false))
  end)

  it("respects the gates unless forced", function()
    assert.is_nil(choice.early(view(held), false))
    assert.are.equal("refresh", choice.early(view(held), true).kind)
  end)

  it("exchanges where there is no refresh", function()
    assert.are.same(
      { kind = "exchange", delay = 0, push = PUSH, is_forced = true },
      choice.early(view { can_refresh = false }, true)
    )
  end)

  it("does nothing with nothing", function()
    assert.is_nil(choice.early(view { can_refresh = false, credential = "none" }, true))
  end)

  it("does nothing while a token set is to be saved", function()
    assert.is_nil(choice.early(view { must_save = true, save_in = 3 }, true))
  end)
end)
