-- SPDX-License-Identifier: MIT
-- An account as keeper/choice.lua looks at it: every time in seconds from now. Pure.

local credentials = require "usher.keeper.credentials"
local gates = require "usher.keeper.gates"
local refresh_policy = require "usher.keeper.refresh_policy"

local view = {}

local MAX_REFRESH_TRIES = 2 -- once more after an outcome that is not known

-- The journal entry of a refresh of the present token set that nobody knows the outcome of.
local function open_refresh(account)
  local journal = account:open "refresh"
  return journal and journal.entry.version == account.record.version and journal.entry or nil
end

--- How often the refresh token has been sent, this time included.
---@param account usher.keeper.Account
---@return integer
function view.refresh_tries(account)
  local entry = open_refresh(account)
  return entry and entry.tries + 1 or 1
end

--- Whether an unknown outcome after so many tries means that the refresh token must not be sent again. Where refreshing
--- does not replace it, sending it again does no harm.
---@param account usher.keeper.Account
---@param tries integer
---@return boolean
function view.is_last_refresh(account, tries)
  local allowed = account.policy.retry_uncertain == false and 1 or MAX_REFRESH_TRIES
  return account:rotates() and tries >= allowed
end

-- Whether the present refresh token may have been replaced by an attempt whose outcome nobody knows.
local function has_open_refresh(account)
  return account:rotates() and open_refresh(account) ~= nil
end

local function is_given_up(account)
  local entry = open_refresh(account)
  return entry ~= nil and view.is_last_refresh(account, entry.tries)
end

local function refresh_left(tokens, now)
  return tokens.refresh_expires_at and tokens.refresh_expires_at - now.wall or math.huge
end

-- Until the last fifth of the refresh token's life; nil where it does not say when it ends.
local function pair_due_in(tokens, now)
  if not tokens.refresh_expires_at then
    return nil
  end
  local life = tokens.refresh_expires_at - (tokens.refresh_issued_at or tokens.issued_at)
  return refresh_policy.pair_due_in(refresh_left(tokens, now), life)
end

--- The margin before the access token's expiry; without a token, that of the provider's usual one.
---@param account usher.keeper.Account
---@return number seconds
function view.margin(account)
  local life = account:life() or account.policy.lifetimes and account.policy.lifetimes.access or math.huge
  return refresh_policy.margin(account.policy, life, account:push_interval())
end

local function add_tokens(seen, account, now)
  local tokens = account.record.token_set
  if not tokens then
    return
  end
  local spread = refresh_policy.spread(account.name, account.record.version)
  -- A clock that was wrong when it came makes a refresh token look dead: where nothing else is left it is tried.
  local is_alive = refresh_left(tokens, now) > 0 or not seen.credential
  local is_fit = not tokens.refresh_spent_at and is_alive and not is_given_up(account)
  seen.left = account:left(now)
  seen.due_in = refresh_policy.due_in(seen.left, view.margin(account), spread)
  seen.can_refresh = account.has_refresh and is_fit
  seen.has_lost_refresh = account.has_refresh and not is_fit
  seen.pair_due_in = pair_due_in(tokens, now)
  seen.must_resolve = seen.can_refresh and has_open_refresh(account)
end

--- Seconds since the last push, or since this process began to listen for one.
---@param account usher.keeper.Account
---@param now usher.keeper.Now
---@return number
function view.since_push(account, now)
  local listening = now.boot - account.listening_since
  local last = account.record.last_push_at
  return last and math.max(0, math.min(listening, now.wall - last)) or listening
end

-- When a credential's successor is expected, where it is worth waiting for one.
local function successor(account, now)
  local interval = account:push_interval()
  if not interval or not gates.spacing(account, "exchange", now) then
    return nil
  end
  return refresh_policy.successor(interval)
end

-- A code that a person or a tenant brought says that what was there before may be worth nothing any more. Until the
-- newest is spent an attempt of it has yet to end: one that met a fault that passes, or that a kill has cut short. One
-- that may be exchanged again is never spent by that.
local function is_owed(account, credential)
  local is_brought = (account.needs_person or account.parent ~= nil) and account:is_single_use()
  return is_brought
    and credential ~= nil
    and not credential.is_own
    and credential.sequence == account.record.last_sequence
end

local function was_exchange(account)
  local last = account.last_attempts
  return last.exchange ~= nil and (not last.refresh or last.exchange > last.refresh)
end

--- What is known of an account, for a choice.
---@param account usher.keeper.Account
---@param now usher.keeper.Now
---@return usher.keeper.View
function view.of(account, now)
  local record, unsaved = account.record, account.unsaved
  local seen = {
    can_refresh = false,
    has_lost_refresh = false,
    must_resolve = false,
    was_exchange = was_exchange(account),
    gates = { exchange = gates.of(account, "exchange", now), refresh = gates.of(account, "refresh", now) },
    interval = account:push_interval(),
    since_push = view.since_push(account, now),
    has_pushed = record.last_push_at ~= nil and not account.parent,
    was_authorized = record.token_set ~= nil,
    needs_person = account.needs_person,
    save_in = unsaved and math.max(0, unsaved.retry_at - now.boot),
    must_save = unsaved ~= nil and unsaved.must_save,
    credential = account.own_credential or credentials.next(record.pushes, {
      subject = account:subject(),
      wall = now.wall,
      successor = successor(account, now),
      journal = account:open "exchange",
      superseded = account.superseded,
      refusals = account.refusals,
      is_reusable = not account:is_single_use(),
    }),
  }
  seen.is_owed = is_owed(account, seen.credential)
  seen.is_nameless = record.token_set ~= nil and account:is_nameless()
  add_tokens(seen, account, now)
  return seen
end

return view
