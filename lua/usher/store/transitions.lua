-- SPDX-License-Identifier: MIT
-- What happens to an account's records: pure functions from an account to a changed account. A field that does not
-- change stays the same table, so that only the changed ones need be written. Times are seconds since 1970.

local budget = require "usher.model.budget"
local errors = require "usher.errors"
local inbox = require "usher.store.inbox"
local records = require "usher.store.records"

local transitions = {}

local with = records.with

---@class usher.store.Tokens
---@field token_set? usher.TokenSet
---@field alternate? usher.TokenSet
---@field subject? string pinned by the first successful exchange

---@class usher.store.Journal
---@field kind "exchange"|"refresh"
---@field fence integer
---@field owner string
---@field at integer
---@field entry table
---@field hash? string of the credential
---@field other? usher.store.Journal of the other kind, whose outcome was not known when this one began

---@class usher.store.Claim
---@field fence integer the last one given
---@field lease? {owner: string, fence: integer, started_at: integer, expires_at: integer}
---@field journal? usher.store.Journal
---@field budgets table<string, table<integer, integer>> by kind

---@class usher.store.Account
---@field epoch integer raised by every removal
---@field versions table<string, integer> of the fields; 0: not there yet
---@field tokens usher.store.Tokens
---@field inbox usher.store.Inbox
---@field claim usher.store.Claim

local function without(record, ...)
  local copy = with(record, {})
  for _, key in ipairs { ... } do
    copy[key] = nil
  end
  return copy
end

--- Takes a push in.
---@param account usher.store.Account
---@param push { subject?: string, credential: string, received_at: number, expires_at?: number, hash: string }
---@param pinned_subject? string where the configuration names one
---@return usher.store.Account? account
---@return integer|usher.Error sequence, or err: repeat; forbidden: of another subject than the pinned one
function transitions.offer(account, push, pinned_subject)
  local record, err = inbox.add(account.inbox, push, pinned_subject or account.tokens.subject)
  if not record then
    return nil, err
  end
  return with(account, { inbox = record }), record.sequence
end

-- A push may have been displaced while it was being exchanged; the journal then still knows its hash.
local function spend(account, sequence, now)
  local journal = account.claim.journal
  local hash = journal and journal.entry.sequence == sequence and journal.hash or nil
  return inbox.spend(account.inbox, sequence, now, hash)
end

-- claim -----------------------------------------------------------------------------------------------

-- A lease from a time to come is of a clock that ran ahead: it holds no longer than its own length.
local function is_held(lease, owner, now)
  if not lease or lease.owner == owner then
    return false
  end
  local length = lease.expires_at - lease.started_at
  return now < lease.expires_at and now > lease.started_at - length
end

--- Moves requests that a clock running ahead has counted into hours to come to the present one, where they grow old.
---@param account usher.store.Account
---@param now number
---@return usher.store.Account account the same where nothing had to move
function transitions.redate(account, now)
  local budgets, is_changed = {}, false
  for kind, buckets in pairs(account.claim.budgets) do
    local dated, has_moved = budget.redate(buckets, now)
    budgets[kind] = dated
    is_changed = is_changed or has_moved
  end
  return is_changed and with(account, { claim = with(account.claim, { budgets = budgets }) }) or account
end

--- Counts requests that were made while the store could not.
---@param account usher.store.Account
---@param kind "exchange"|"refresh"
---@param buckets? table<integer, integer>
---@return usher.store.Account account the same where there are none
function transitions.count(account, kind, buckets)
  if not buckets then
    return account
  end
  local claim = account.claim
  local budgets = with(claim.budgets, { [kind] = budget.sum(claim.budgets[kind], buckets) })
  return with(account, { claim = with(claim, { budgets = budgets }) })
end

local function refuse_spending(buckets, options)
  local allowed = options.limit and options.limit - (options.forced and 0 or options.reserve or 0)
  local opens_at = allowed and budget.opens_at(buckets, allowed, options.now)
  if opens_at then
    return errors.new("budget_exhausted", nil, { opens_at = opens_at })
  end
end

-- The entry that stays beside one of this kind.
local function other_of(journal, kind)
  if not journal or journal.kind == kind then
    return journal and journal.other
  end
  return without(journal, "other")
end

local function journal_of(account, options, fence, now)
  local push = inbox.find(account.inbox, options.entry.sequence)
  return {
    kind = options.kind,
    fence = fence,
    owner = options.owner,
    at = now,
    entry = options.entry,
    hash = push and push.hash,
    other = other_of(account.claim.journal, options.kind),
  }
end

---@class usher.store.begin_options
---@field owner string who asks; its own lease does not hold it up
---@field lease number seconds
---@field kind "exchange"|"refresh"
---@field now number
---@field entry table for the journal: what is about to be sent, by push `sequence` or token version
---@field limit? integer requests a day
---@field reserve? integer of them for forced ones
---@field forced? boolean
---@field uncounted? table<integer, integer> buckets of requests that the store could not count; it does, come what may

--- Claims the account for one request, counts the request and notes it in the journal.
---@param account usher.store.Account
---@param options usher.store.begin_options
---@return usher.store.Account? account
---@return integer|usher.Error fence, or err: held; budget_exhausted with `opens_at`
function transitions.begin(account, options)
  local claim, now = account.claim, math.floor(options.now)
  if is_held(claim.lease, options.owner, now) then
    return errors.fail "held"
  end
  local buckets = claim.budgets[options.kind]
  local refusal = refuse_spending(buckets, options)
  if refusal then
    return nil, refusal
  end
  local fence = claim.fence + 1
  local expires_at = now + math.ceil(options.lease)
  local changed = {
    fence = fence,
    lease = { owner = options.owner, fence = fence, started_at = now, expires_at = expires_at },
    journal = journal_of(account, options, fence, now),
    budgets = with(claim.budgets, { [options.kind] = budget.add(buckets, now, 1) }),
  }
  local record = inbox.mark_attempted(account.inbox, options.entry.sequence, now)
  return with(account, { claim = changed, inbox = record }), fence
end

local function release(claim, fence)
  return claim.lease and claim.lease.fence == fence and without(claim, "lease") or claim
end

local function clear_journal(claim, fence)
  local journal = claim.journal
  if not journal or journal.fence ~= fence then
    return claim
  end
  return with(without(claim, "journal"), { journal = journal.other })
end

-- With its token set replaced, a refresh is no longer open.
local function settle_journal(claim, fence)
  local settled = clear_journal(claim, fence)
  local is_replaced = settled ~= claim and settled.journal and settled.journal.kind == "refresh"
  return is_replaced and without(settled, "journal") or settled
end

local function give_back(account, fence, is_first)
  local claim = account.claim
  local journal = claim.journal
  if not journal or journal.fence ~= fence then
    return account
  end
  local buckets = budget.add(claim.budgets[journal.kind], journal.at, -1)
  return with(account, {
    claim = with(claim, { budgets = with(claim.budgets, { [journal.kind] = buckets }) }),
    inbox = is_first and inbox.mark_attempted(account.inbox, journal.entry.sequence, nil) or account.inbox,
  })
end

local function rewrite_journal(claim, fence, entry)
  local journal = claim.journal
  if not entry or not journal or journal.fence ~= fence then
    return claim
  end
  return with(claim, { journal = with(journal, { entry = entry }) })
end

---@class usher.store.abort_options
---@field now number
---@field unsent? boolean gives the request back
---@field spent_sequence? integer
---@field entry? table what a journal entry that stays says from now on: this attempt came to nothing, an earlier one
--- that sent the same may not have

--- Ends an attempt without a token set. Has no effect on the claim of a later fence.
---@param account usher.store.Account
---@param fence integer
---@param outcome "certain"|"uncertain" uncertain: the journal entry stays
---@param options usher.store.abort_options
---@return usher.store.Account account
function transitions.abort(account, fence, outcome, options)
  local changed = options.unsent and give_back(account, fence, not options.entry) or account
  if options.spent_sequence then
    changed = with(changed, { inbox = spend(changed, options.spent_sequence, math.floor(options.now)) })
  end
  local claim = rewrite_journal(release(changed.claim, fence), fence, options.entry)
  if outcome == "certain" then
    claim = clear_journal(claim, fence)
  end
  return claim == changed.claim and changed or with(changed, { claim = claim })
end

-- tokens ----------------------------------------------------------------------------------------------

---@class usher.store.commit_result
---@field epoch integer that the attempt began with
---@field fence? integer of the attempt, whose lease and journal entry end
---@field token_set usher.TokenSet
---@field alternate? usher.TokenSet
---@field subject? string pins
---@field spent_sequence? integer
---@field now number

local function has_all(one, other)
  for key, value in pairs(one) do
    if other[key] ~= value then
      return false
    end
  end
  return true
end

local function is_same(one, other)
  if not one or not other then
    return one == other
  end
  return has_all(one, other) and has_all(other, one)
end

-- A commit that was reported as failed may have reached the disk all the same.
local function is_committed(account, result, expected_version)
  return account.versions.tokens == expected_version + 1
    and is_same(account.tokens.token_set, result.token_set)
    and is_same(account.tokens.alternate, result.alternate)
end

--- Stores a token set, ends the attempt that brought it and spends its credential.
---@param account usher.store.Account
---@param result usher.store.commit_result
---@param expected_version integer of the tokens
---@return usher.store.Account? account
---@return integer|usher.Error version, or err: conflict
function transitions.commit(account, result, expected_version)
  if account.epoch ~= result.epoch then
    return errors.fail("conflict", "the account was removed meanwhile")
  elseif is_committed(account, result, expected_version) then
    return account, expected_version + 1
  elseif account.versions.tokens ~= expected_version then
    return errors.fail("conflict", "another token set was stored meanwhile")
  end
  local subject, now = result.subject or account.tokens.subject, math.floor(result.now)
  local record = result.spent_sequence and spend(account, result.spent_sequence, now) or account.inbox
  if subject ~= account.tokens.subject then
    record = inbox.pin(record, subject)
  end
  local changed = with(account, {
    tokens = { token_set = result.token_set, alternate = result.alternate, subject = subject },
    claim = settle_journal(release(account.claim, result.fence), result.fence),
    inbox = record,
  })
  return changed, expected_version + 1
end

return transitions
