-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local records = require "usher.store.records"
local transitions = require "usher.store.transitions"

local HOUR = 3600
local NOW = 500000 * HOUR + 1800

local function account_of(changes)
  local account = { epoch = 0, versions = { tokens = 0, inbox = 0, claim = 0 } }
  for _, field in ipairs(records.FIELDS) do
    account[field] = records.with(records.empty(field), changes and changes[field] or {})
  end
  return account
end

local function options(changes)
  local defaults = { owner = "one", lease = 30, kind = "refresh", now = NOW, entry = { version = 4 } }
  return records.with(defaults, changes or {})
end

local function push(credential)
  return { subject = "s", credential = credential, received_at = NOW, hash = "h" .. credential }
end

local function begun(changes, account)
  return assert(transitions.begin(account or account_of(), options(changes)))
end

describe("begin", function()
  local function lease(owner, started_at, expires_at)
    return { owner = owner, fence = 7, started_at = started_at, expires_at = expires_at }
  end

  local leases = {
    ["is free without a lease"] = { nil, true },
    ["is held by another's lease"] = { lease("two", NOW - 10, NOW + 20), false },
    ["is held to the last second of it"] = { lease("two", NOW - 29, NOW + 1), false },
    ["is free once it has passed"] = { lease("two", NOW - 30, NOW), true },
    ["is not held up by a lease of its own"] = { lease("one", NOW - 10, NOW + 20), true },
    ["is held by a clock that runs a little ahead"] = { lease("two", NOW + 20, NOW + 50), false },
    ["is free where the lease is of another time"] = { lease("two", NOW + 9e8, NOW + 9e8 + 30), true },
  }
  for name, case in pairs(leases) do
    it(name, function()
      local account, result =
        transitions.begin(account_of { claim = { lease = case[1], fence = 7 } }, options())
      assert.are.equal(case[2], account ~= nil)
      assert.are.equal(case[2] and 8 or "held", case[2] and result or result.code)
    end)
  end

  it("notes lease, journal and request in one record", function()
    local account, fence = transitions.begin(account_of(), options())
    assert.are.equal(1, fence)
    assert.are.same({
      fence = 1,
      lease = { owner = "one", fence = 1, started_at = NOW, expires_at = NOW + 30 },
      journal = { kind = "refresh", fence = 1, owner = "one", at = NOW, entry = { version = 4 } },
      budgets = { refresh = { [500000] = 1 } },
    }, account.claim)
  end)

  local function spent(buckets)
    return account_of { claim = { budgets = { refresh = buckets, exchange = { [500000] = 50 } } } }
  end

  local budgets = {
    ["spends to the limit"] = { { [500000] = 9 }, { limit = 10 }, nil },
    ["stops at it"] = { { [500000] = 10 }, { limit = 10 }, (500000 + 25) * HOUR },
    ["counts the hours of a whole day"] = { { [499976] = 4, [500000] = 6 }, { limit = 10 }, 500001 * HOUR },
    ["forgets what is older"] = { { [499975] = 4, [500000] = 6 }, { limit = 10 }, nil },
    ["says when enough has fallen out"] = {
      { [499980] = 1, [499990] = 5, [500000] = 5 },
      { limit = 10 },
      (499990 + 25) * HOUR,
    },
    ["leaves the reserve alone"] = { { [500000] = 9 }, { limit = 10, reserve = 1 }, 500025 * HOUR },
    ["gives the reserve to a person"] = { { [500000] = 9 }, { limit = 10, reserve = 1, forced = true }, nil },
    ["stops a person at the limit too"] = {
      { [500000] = 10 },
      { limit = 10, reserve = 1, forced = true },
      500025 * HOUR,
    },
    ["has no limit unless told"] = { { [500000] = 1000 }, {}, nil },
  }
  for name, case in pairs(budgets) do
    it(name, function()
      local account, err = transitions.begin(spent(case[1]), options(case[2]))
      assert.are.equal(case[3] == nil, account ~= nil)
      if case[3] then
        assert.are.same({ "budget_exhausted", case[3] }, { err.code, err.opens_at })
      end
    end)
  end

  it("marks the push that it tries and keeps its hash in the journal", function()
    local account = transitions.offer(account_of(), push "1")
    account = begun({ kind = "exchange", entry = { sequence = 1 } }, account)
    assert.are.equal(NOW, account.inbox.pushes[1].attempted_at)
    assert.are.equal("h1", account.claim.journal.hash)
  end)
end)

describe("count", function()
  it("adds requests that were made while the store could not count", function()
    local account = account_of { claim = { budgets = { refresh = { [500000] = 2 } } } }
    assert.are.equal(account, transitions.count(account, "refresh", nil))
    account = transitions.count(account, "refresh", { [500000] = 3, [499999] = 1 })
    assert.are.same({ refresh = { [500000] = 5, [499999] = 1 } }, account.claim.budgets)
  end)
end)

describe("redate", function()
  it("moves requests of hours to come to the present one, where they grow old", function()
    local account =
      account_of { claim = { budgets = { refresh = { [900000] = 7, [500000] = 2, [499999] = 1 } } } }
    account = transitions.redate(account, NOW)
    assert.are.same({ [500000] = 9, [499999] = 1 }, account.claim.budgets.refresh)
  end)

  it("leaves an account alone where there are none", function()
    local account = account_of { claim = { budgets = { refresh = { [500000] = 2 } } } }
    assert.are.equal(account, transitions.redate(account, NOW))
  end)
end)

describe("journal", function()
  local EXCHANGE = { kind = "exchange", entry = { sequence = 1 } }

  -- An exchange that began while the outcome of a refresh was not known.
  local function both_open()
    local account = transitions.offer(account_of(), push "1")
    account = transitions.abort(begun({}, account), 1, "uncertain", { now = NOW })
    return begun(EXCHANGE, account)
  end

  local function kinds(account)
    local journal = account.claim.journal
    return { journal and journal.kind, journal and journal.other and journal.other.kind }
  end

  it("keeps an open attempt of the other kind", function()
    local account = both_open()
    assert.are.same({ "exchange", "refresh" }, kinds(account))
    account = transitions.abort(account, 2, "uncertain", { now = NOW })
    assert.are.same({ "exchange", "refresh" }, kinds(account))
    account = begun(EXCHANGE, account)
    assert.are.same({ "exchange", "refresh" }, kinds(account))
    account = begun({}, account)
    assert.are.same({ "refresh", "exchange" }, kinds(account))
    assert.is_nil(account.claim.journal.other.other)
  end)

  it("has it alone again where the later one came to nothing", function()
    local account = transitions.abort(both_open(), 2, "certain", { now = NOW, spent_sequence = 1 })
    assert.are.same({ "refresh" }, kinds(account))
    assert.are.same({ 1, { version = 4 } }, { account.claim.journal.fence, account.claim.journal.entry })
  end)

  it("forgets a refresh with the token set, and no exchange", function()
    local result = { epoch = 0, token_set = { access_token = "a1" }, now = NOW, fence = 2 }
    assert.are.same({}, kinds(transitions.commit(both_open(), result, 0)))
    result.fence = 3
    assert.are.same({ "exchange" }, kinds(transitions.commit(begun({}, both_open()), result, 0)))
  end)
end)

describe("abort", function()
  it("releases the lease and ends the journal entry where the outcome is certain", function()
    local claim = transitions.abort(begun(), 1, "certain", { now = NOW }).claim
    assert.are.same({ fence = 1, budgets = { refresh = { [500000] = 1 } } }, claim)
  end)

  it("keeps the journal entry where it is not", function()
    local claim = transitions.abort(begun(), 1, "uncertain", { now = NOW }).claim
    assert.is_nil(claim.lease)
    assert.are.equal(1, claim.journal.fence)
  end)

  it("leaves the entry of an earlier attempt in the journal", function()
    local account = begun { entry = { version = 4, tries = 2 } }
    local earlier = { version = 4, tries = 1 }
    account = transitions.abort(account, 1, "uncertain", { now = NOW, entry = earlier })
    assert.are.same({ earlier, 1 }, { account.claim.journal.entry, account.claim.journal.fence })
    account = begun({ owner = "two" }, account)
    assert.are.equal(account, transitions.abort(account, 1, "uncertain", { now = NOW, entry = earlier }))
  end)

  it("gives an unsent request back, in the hour in which it was counted", function()
    local account = begun()
    account = transitions.abort(account, 1, "certain", { now = NOW + HOUR, unsent = true })
    assert.are.same({ [500000] = 0 }, account.claim.budgets.refresh)
  end)

  it("gives the push of an unsent request back as untried", function()
    local account = transitions.offer(account_of(), push "1")
    account = begun({ kind = "exchange", entry = { sequence = 1 } }, account)
    account = transitions.abort(account, 1, "certain", { now = NOW, unsent = true })
    assert.is_nil(account.inbox.pushes[1].attempted_at)
  end)

  it("does not where an earlier attempt has tried it", function()
    local account = transitions.offer(account_of(), push "1")
    account = begun({ kind = "exchange", entry = { sequence = 1, tries = 2 } }, account)
    local options_of = { now = NOW, unsent = true, entry = { sequence = 1, tries = 1 } }
    account = transitions.abort(account, 1, "uncertain", options_of)
    assert.are.equal(NOW, account.inbox.pushes[1].attempted_at)
  end)

  it("spends a refused push", function()
    local account = transitions.offer(account_of(), push "1")
    account = begun({ kind = "exchange", entry = { sequence = 1 } }, account)
    account = transitions.abort(account, 1, "certain", { now = NOW, spent_sequence = 1 })
    assert.are.equal(0, #account.inbox.pushes)
    assert.are.equal("repeat", select(2, transitions.offer(account, push "1")).code)
  end)

  it("spends one that newer pushes have displaced meanwhile", function()
    local account = transitions.offer(account_of(), push "1", "s")
    account = begun({ kind = "exchange", entry = { sequence = 1 } }, account)
    account = transitions.offer(account, push "2", "s")
    account = transitions.offer(account, push "3", "s")
    account = transitions.abort(account, 1, "certain", { now = NOW, spent_sequence = 1 })
    assert.are.equal("repeat", select(2, transitions.offer(account, push "1", "s")).code)
    assert.are.equal(2, #account.inbox.pushes)
  end)

  it("leaves a later attempt alone", function()
    local account = begun({ owner = "two", now = NOW + 60 }, begun())
    assert.are.equal(account, transitions.abort(account, 1, "certain", { now = NOW + 61, unsent = true }))
  end)
end)

describe("commit", function()
  local function result(changes)
    local defaults = { epoch = 0, token_set = { access_token = "a1" }, now = NOW }
    return records.with(defaults, changes or {})
  end

  local function with_tokens(version, access_token)
    local account = account_of { tokens = { token_set = { access_token = access_token }, subject = "s" } }
    account.versions.tokens = version
    return account
  end

  it("stores the token set, ends the attempt and spends the push", function()
    local account = transitions.offer(account_of(), push "1")
    account = begun({ kind = "exchange", entry = { sequence = 1 } }, account)
    local version
    account, version = transitions.commit(account, result { fence = 1, subject = "s", spent_sequence = 1 }, 0)
    assert.are.equal(1, version)
    assert.are.same({ token_set = { access_token = "a1" }, subject = "s" }, account.tokens)
    assert.are.same({ {}, 1 }, { account.inbox.pushes, #account.inbox.spent })
    assert.are.same({ fence = 1, budgets = { exchange = { [500000] = 1 } } }, account.claim)
  end)

  it("drops other subjects' pushes with the pin", function()
    local account = transitions.offer(account_of(), push "1")
    account =
      transitions.offer(account, { subject = "forged", credential = "2", received_at = NOW, hash = "h2" })
    account = transitions.commit(account, result { subject = "s" }, 0)
    assert.are.same({ "1" }, { account.inbox.pushes[1].credential, account.inbox.pushes[2] })
  end)

  it("keeps the subject that is pinned, and an alternate only where given", function()
    local account = with_tokens(4, "a0")
    account = transitions.commit(account, result { alternate = { access_token = "b" } }, 4)
    assert.are.same({ "s", "b" }, { account.tokens.subject, account.tokens.alternate.access_token })
    account.versions.tokens = 5
    assert.is_nil(
      transitions.commit(account, result { token_set = { access_token = "a2" } }, 5).tokens.alternate
    )
  end)

  it("ignores fences: only the version decides", function()
    local account = begun({ owner = "two", now = NOW + 60 }, begun())
    account = transitions.commit(account, result { fence = 1 }, 0)
    assert.are.equal("a1", account.tokens.token_set.access_token)
    assert.are.same({ 2, 2 }, { account.claim.lease.fence, account.claim.journal.fence })
  end)

  local conflicts = {
    ["another version"] = { with_tokens(5, "a0"), result(), 4 },
    ["a later version with the same token set"] = { with_tokens(6, "a1"), result(), 4 },
    ["the same token set without our alternate"] = {
      with_tokens(5, "a1"),
      result { alternate = { access_token = "b" } },
      4,
    },
    ["the same token set with its refresh token given up"] = {
      with_tokens(5, "a1"),
      result { token_set = { access_token = "a1", refresh_spent_at = NOW } },
      4,
    },
    ["another epoch"] = { with_tokens(4, "a0"), result { epoch = 1 }, 4 },
  }
  for name, case in pairs(conflicts) do
    it("refuses " .. name, function()
      local account, err = transitions.commit(table.unpack(case))
      assert.is_nil(account)
      assert.are.equal("conflict", err.code)
    end)
  end

  it("finds itself done where an earlier try reached the disk after all", function()
    local account = with_tokens(5, "a1")
    assert.are.same({ account, 5 }, { transitions.commit(account, result(), 4) })
  end)
end)

describe("a transition", function()
  it("changes no account that it is given", function()
    local account =
      begun({ kind = "exchange", entry = { sequence = 1 } }, transitions.offer(account_of(), push "1"))
    local function texts()
      local list = {}
      for index, field in ipairs(records.FIELDS) do
        list[index] = records.encode(field, account[field])
      end
      return list
    end
    local before = texts()
    transitions.offer(account, push "2")
    transitions.begin(account, options { now = NOW + 60, owner = "two" })
    transitions.abort(account, 1, "certain", { now = NOW, unsent = true, spent_sequence = 1 })
    transitions.commit(account, { epoch = 0, fence = 1, token_set = {}, now = NOW, spent_sequence = 1 }, 0)
    transitions.redate(account, NOW - 10 * HOUR)
    assert.are.same(before, texts())
  end)
end)
