-- SPDX-License-Identifier: MIT
-- One attempt to exchange or refresh: claim, transfer, understand, keep. Waits; never raises for what a provider, a
-- script or the network does.

local budget = require "usher.model.budget"
local commit = require "usher.keeper.commit"
local credentials = require "usher.keeper.credentials"
local discovery = require "usher.keeper.discovery"
local errors = require "usher.errors"
local events = require "usher.keeper.events"
local lifecycle = require "usher.keeper.lifecycle"
local outcome = require "usher.keeper.outcome"
local records = require "usher.keeper.records"
local refresh_policy = require "usher.keeper.refresh_policy"
local repetition = require "usher.keeper.repetition"
local saver = require "usher.keeper.saver"
local setback = require "usher.keeper.setback"
local token_set = require "usher.model.token_set"
local view = require "usher.keeper.view"

local attempt = {}

local LEASE_BEYOND_TIMEOUT = 15 -- seconds: queueing and the store
local HELD_RETRY = 5
local SHORTEST_CLOSURE = 60

---@class usher.keeper.Attempt
---@field keeper usher.Keeper
---@field account usher.keeper.Account
---@field plan usher.keeper.Plan
---@field base table the record that it started from
---@field request usher.core.transfer.Request
---@field timeout number seconds
---@field entry table for the journal
---@field fence? integer nil: the store is down, and nothing is claimed
---@field sent_at usher.keeper.Now

local function unavailable(message, fields)
  return errors.fail("temporarily_unavailable", message, fields)
end

-- request ---------------------------------------------------------------------------------------------

local function request_of(self)
  local account, plan = self.account, self.plan
  local provider, config = account.provider, account.config
  local context = account:context(self.keeper)
  plan.parent_token = context.parent and context.parent.access_token
  if plan.kind == "refresh" then
    return pcall(provider.refresh, config, self.base.token_set, context)
  end
  context.subject = account:subject() or plan.push.subject
  return pcall(provider.exchange, config, plan.push.credential, context)
end

local function prepare(self)
  local ran, request = request_of(self)
  if not ran or type(request) ~= "table" then
    return nil, ran and "it gave no request" or request
  end
  self.timeout = math.min(refresh_policy.timeout(view.margin(self.account)), request.timeout or math.huge)
  self.request = {
    method = request.method,
    url = request.url,
    headers = request.headers,
    body = request.body,
    file = request.file,
    command = request.command,
    environment = request.environment,
    timeout_ms = math.ceil(self.timeout * 1000),
    ca_file = self.account.config.ca_file,
  }
  return true
end

-- claim -----------------------------------------------------------------------------------------------

local function entry_of(self)
  local account, plan = self.account, self.plan
  if plan.kind == "refresh" then
    plan.tries = view.refresh_tries(account)
    return { version = self.base.version, tries = plan.tries }
  end
  local journal = account:open "exchange"
  local is_left = journal and journal.entry.sequence ~= plan.push.sequence
  if is_left and account:is_single_use() then
    account.superseded[journal.entry.sequence] = true
  end
  plan.tries = credentials.tries(plan.push, journal)
  return { sequence = plan.push.sequence, tries = plan.tries }
end

local refusals = {}

local function begin(self)
  local account, kind = self.account, self.plan.kind
  local limit = account:limit(kind)
  local fence, err = self.keeper.store:begin(account.name, {
    owner = self.keeper.owner,
    lease = math.ceil(self.timeout) + LEASE_BEYOND_TIMEOUT,
    kind = kind,
    now = math.floor(self.keeper.clock:wall()),
    entry = self.entry,
    limit = limit,
    reserve = limit and budget.reserve(limit),
    forced = self.plan.is_forced,
    uncounted = account.uncounted[kind],
  })
  if fence or refusals[err.code] then
    account:note_counted(kind)
  end
  return fence, err
end

function refusals.held(self)
  self.account.backoff_until = self.keeper.clock:boot() + HELD_RETRY
  return unavailable("another process is refreshing this account", { retry_after = HELD_RETRY })
end

function refusals.budget_exhausted(self, err)
  local now = self.keeper:now()
  local seconds = math.max(SHORTEST_CLOSURE, (err.opens_at or 0) - now.wall)
  self.account.closures[self.plan.kind].till = now.boot + seconds
  return errors.fail("budget_exhausted", nil, { retry_after = math.ceil(seconds) })
end

-- As the store would answer, by what is counted in memory.
local function count_without_store(self, now)
  local account, kind = self.account, self.plan.kind
  local limit = account:limit(kind)
  local allowed = limit and limit - (self.plan.is_forced and 0 or budget.reserve(limit))
  local opens_at = allowed and budget.opens_at(account:buckets(kind), allowed, now.wall)
  if opens_at then
    return refusals.budget_exhausted(self, { opens_at = opens_at })
  end
  account:count(kind, now)
  return true
end

-- The store is down. Only an attempt whose answer may be lost goes on, and is counted in memory.
local function go_on_without_store(self, err)
  local account, now = self.account, self.keeper:now()
  if self.plan.kind == "refresh" and not account:rotates() then
    return count_without_store(self, now)
  end
  account.failures = account.failures + 1
  account.last_error = { class = "store", code = err.code, at = math.floor(now.wall) }
  account.backoff_until = now.boot + refresh_policy.backoff(math.min(account.failures, 5), 0)
  return unavailable "the store is down"
end

-- A tenant's name is not used up by asking for its token, and no budget counts that: nothing need be on disk before,
-- and names that nobody has leave nothing there.
local function is_by_name(self)
  return self.account.parent ~= nil and self.plan.push ~= nil and self.plan.push.is_own == true
end

local function claim(self)
  self.entry = entry_of(self)
  if is_by_name(self) then
    return true
  end
  local fence, err = begin(self)
  if fence then
    self.keeper:note_store(nil)
    self.fence = fence
    return true
  elseif refusals[err.code] then
    records.reload(self.keeper, self.account)
    return refusals[err.code](self, err)
  end
  self.keeper:note_store(err)
  if err.record then
    records.reload(self.keeper, self.account)
  end
  return go_on_without_store(self, err)
end

local function tell_low_budget(self)
  local account, kind = self.account, self.plan.kind
  local limit = account:limit(kind)
  local used = limit and budget.used(account:buckets(kind), self.keeper.clock:wall())
  local is_low = limit ~= nil and budget.pace(limit, used) ~= nil
  if is_low and not account.is_low[kind] then
    events.emit(self.keeper, "budget_low", account, { kind = kind, used = used, limit = limit })
  end
  account.is_low[kind] = is_low
end

-- success ---------------------------------------------------------------------------------------------

local function tell_notes(self, answer)
  for _, note in ipairs(answer.notes or {}) do
    if not self.account.noted[note] then
      self.account.noted[note] = true
      self.keeper.log:warn(
        "answer_noted",
        { account = self.account.name, kind = self.plan.kind, note = note }
      )
    end
  end
end

local function change_of(self, tokens, subject)
  local push = self.plan.push
  return {
    fence = self.fence,
    token_set = tokens,
    subject = self.account:subject() or subject or push and push.subject,
    spent_sequence = push and self.account:is_single_use() and push.sequence or nil,
  }
end

local function succeed(self, result, tokens)
  local account, now = self.account, self.keeper:now()
  account:tally_attempt(self.plan.kind, "ok")
  tell_notes(self, result.answer)
  local expires = self.sent_at.boot + tokens.expires_at - tokens.issued_at
  local wait = repetition.wait(account, tokens, now)
  if wait then
    tokens, expires = account.record.token_set, account.expires
  end
  local saved, err = saver.save(self.keeper, account, {
    kind = self.plan.kind,
    change = change_of(self, tokens, result.answer.subject),
    base = self.base,
    expires = expires,
    must_save = tokens.refresh_token ~= (self.base.token_set or {}).refresh_token,
  })
  if wait then
    account.backoff_until, account.is_backoff_clearable = now.boot + wait, false
  end
  return saved, err
end

-- failure ---------------------------------------------------------------------------------------------

-- What the journal is to say where this attempt certainly came to nothing: an earlier one that sent the same may not
-- have.
local function earlier_entry(self, result)
  local tries = self.plan.tries - 1
  if tries == 0 or not result.is_certain then
    return nil
  end
  return { sequence = self.entry.sequence, version = self.entry.version, tries = tries }
end

local function release_claim(self, result, consequence)
  if not self.fence then
    return
  end
  local earlier = not consequence.spent_sequence and earlier_entry(self, result) or nil
  local came_to_nothing = result.is_certain and not earlier and not consequence.is_refresh_spent
  local is_settled = consequence.spent_sequence or came_to_nothing
  local _, err =
    self.keeper.store:abort(self.account.name, self.fence, is_settled and "certain" or "uncertain", {
      unsent = result.is_unsent,
      spent_sequence = consequence.spent_sequence,
      entry = earlier,
      now = math.floor(self.keeper.clock:wall()),
    })
  self.keeper:note_store(err)
end

-- Notes that the refresh token is not to be sent again, and ends the attempt: at once, or a kill in between would leave
-- a refused token that nobody knows of.
local function retire(self)
  local keeper, account = self.keeper, self.account
  return account.record.version == self.base.version and commit.retire_refresh(keeper, account, self.fence)
end

local function fail(self, result)
  local keeper, account, plan = self.keeper, self.account, self.plan
  account:tally_attempt(plan.kind, result.class)
  local consequence = setback.note(keeper, account, plan, result, keeper:now())
  keeper.log:warn("attempt_failed", {
    account = account.name,
    kind = plan.kind,
    class = result.class,
    error = result.error,
    is_certain = result.is_certain,
    failures = account.failures,
    fault = result.fault,
  })
  local is_given_up = plan.kind == "refresh"
    and not result.is_certain
    and view.is_last_refresh(account, plan.tries)
  if not ((consequence.is_refresh_spent or is_given_up) and retire(self)) then
    release_claim(self, result, consequence)
  end
  records.reload(keeper, account)
  return unavailable(("the last %s failed"):format(plan.kind))
end

-- attempt ---------------------------------------------------------------------------------------------

local function tokens_of(self, result)
  local previous = self.plan.kind == "refresh" and self.base.token_set or nil
  local lifetimes = self.account.policy.lifetimes
  local tokens, err = token_set.from_answer(result.answer, self.sent_at.wall, previous, lifetimes)
  if not tokens then
    return nil, { class = "retryable", error = err.code, is_certain = false }
  end
  return tokens
end

local function settle(self, response, err)
  local keeper = self.keeper
  local result = outcome.of(self.account, self.plan.kind, response, err, keeper.clock:wall())
  if result.class == "credential" and self.plan.push.is_own then
    result.class = self.account.parent and "retryable" or "configuration"
  end
  if result.class ~= "ok" then
    return fail(self, result)
  end
  local tokens, malformed = tokens_of(self, result)
  if not tokens then
    return fail(self, malformed)
  end
  return succeed(self, result, tokens)
end

local function fail_script(self, message)
  local keeper, account = self.keeper, self.account
  local fields = { account = account.name, kind = self.plan.kind, error = tostring(message) }
  keeper.log:error("provider_script_failed", fields)
  local result = { class = "configuration", error = "script_failed", is_certain = true }
  account:tally_attempt(self.plan.kind, result.class)
  setback.note(keeper, account, self.plan, result, keeper:now())
  return unavailable "the provider script failed"
end

-- What the provider says of itself could not be had: the request itself was never made.
local function fail_discovery(self, result)
  local keeper, account, plan = self.keeper, self.account, self.plan
  account:tally_attempt(plan.kind, result.class)
  setback.note(keeper, account, plan, result, keeper:now())
  keeper.log:warn("discovery_failed", { account = account.name, class = result.class, error = result.error })
  return unavailable "the provider's metadata could not be read"
end

--- Makes one attempt as planned. Waits.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param plan usher.keeper.Plan
---@return true? ok the account serves a newer token
---@return usher.Error? err budget_exhausted, temporarily_unavailable
function attempt.run(keeper, account, plan)
  local self = { keeper = keeper, account = account, plan = plan, base = account.record }
  if not account:is_equipped(keeper:now()) then
    return unavailable "the platform's account has no token"
  end
  local is_known, failure = discovery.ensure(keeper, account)
  if not is_known then
    return fail_discovery(self, failure)
  end
  local is_prepared, fault = prepare(self)
  if not is_prepared then
    return fail_script(self, fault)
  end
  local ok, err = claim(self)
  if not ok then
    return nil, err
  end
  lifecycle.begin(keeper, account, plan.kind)
  self.sent_at = keeper:now()
  account.last_attempts[plan.kind] = self.sent_at.boot
  local response, unanswered = keeper:perform(account, self.request)
  local done, result = settle(self, response, unanswered)
  tell_low_budget(self)
  return done, result
end

return attempt
