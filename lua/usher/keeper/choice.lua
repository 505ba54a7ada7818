-- SPDX-License-Identifier: MIT
-- What an account should attempt next, and when: a function of what is known. Pure.

local refresh_policy = require "usher.keeper.refresh_policy"

local choice = {}

---@class usher.keeper.View all times in seconds from now; see keeper/view.lua
---@field left? number until the access token expires, at most 0 once it has; nil: there is none
---@field due_in? number until its renewal is due
---@field can_refresh boolean a refresh token is there and fit to be sent
---@field has_lost_refresh boolean a refresh token is there, but refused, given up or expired
---@field pair_due_in? number until the refresh token enters the last fifth of its life; nil: never
---@field must_resolve boolean the last refresh had an unknown outcome and is to be sent once more
---@field credential? usher.keeper.Push
---@field is_owed boolean the credential is to be exchanged whatever is there already
---@field was_exchange boolean the last attempt was one
---@field gates {exchange: usher.keeper.Gate, refresh: usher.keeper.Gate}
---@field since_push number since the last push, or since the process began to listen for one
---@field has_pushed boolean there has been a push
---@field interval? number between pushes
---@field was_authorized boolean there has been a token set
---@field is_nameless boolean the token set is about to move to its tenant's own account
---@field needs_person boolean nobody but a person brings a credential
---@field save_in? number until an unsaved token set should be saved
---@field must_save boolean nothing else may happen before that

---@class usher.keeper.Plan
---@field kind? "exchange"|"refresh"|"save" nil: nothing to attempt
---@field delay? number seconds
---@field push? usher.keeper.Push what to exchange
---@field gate? string what the attempt waits for: backoff, closed, spacing, refused, budget, platform
---@field waits_for? "credential"|"person" where a token pair is wanted and nothing can be attempted
---@field recheck_in? number seconds after which this choice may come out differently by itself

local SHUT = { closed = true, budget = true }

-- No refresh is possible before the token expires. Exchanges are counted apart: better a new pair than no token.
local function is_refresh_shut(view)
  local gate = view.gates.refresh
  return SHUT[gate.reason] ~= nil and gate.delay > view.left
end

-- Seconds until a new token pair is wanted; nil: never.
local function pair_wanted_in(view)
  if not view.left or view.is_owed then
    return 0
  elseif not view.can_refresh then
    return view.has_lost_refresh and 0 or math.max(0, view.due_in)
  end
  local wanted_in = view.pair_due_in
  if is_refresh_shut(view) then
    wanted_in = math.min(wanted_in or math.huge, view.left)
  end
  return wanted_in and math.max(0, wanted_in)
end

local function attempt(kind, wanted_in, gate, push)
  local delay = math.max(0, wanted_in, gate.delay)
  return {
    kind = kind,
    delay = delay,
    push = push,
    gate = gate.delay > math.max(0, wanted_in) and gate.reason or nil,
  }
end

local function wait(view, wanted_in)
  if not wanted_in or wanted_in > 0 then
    return { recheck_in = wanted_in }
  elseif view.needs_person then
    return { waits_for = "person" }
  elseif not view.was_authorized then
    return { waits_for = "credential" }
  elseif not view.interval then
    return { waits_for = view.has_pushed and "credential" or "person" }
  end
  local missed_in = refresh_policy.missed_after(view.interval) - view.since_push
  if missed_in > 0 then
    return { waits_for = "credential", recheck_in = missed_in }
  end
  return { waits_for = "person" }
end

-- At equal times, as where both wait for the end of a backoff, they take turns: an exchange that fails and fails again
-- keeps no good refresh token from being used.
local function is_refresh_first(exchange, refresh, view)
  local is_its_turn = refresh.delay == exchange.delay and view.was_exchange
  return is_its_turn or refresh.delay < exchange.delay or view.must_resolve and not is_refresh_shut(view)
end

local function sooner(exchange, refresh, view)
  if exchange and refresh then
    return is_refresh_first(exchange, refresh, view) and refresh or exchange
  end
  return exchange or refresh
end

--- The saving of a token set that is not on disk yet.
---@param view usher.keeper.View
---@return usher.keeper.Plan? plan nil: there is none
function choice.save(view)
  return view.save_in and { kind = "save", delay = view.save_in } or nil
end

--- The next attempt. An exchange is chosen only when a token pair is wanted; at equal times it has the first turn,
--- since it brings an access token as well.
---@param view usher.keeper.View
---@return usher.keeper.Plan
function choice.next(view)
  local wanted_in = pair_wanted_in(view)
  local exchange = wanted_in
    and view.credential
    and attempt("exchange", wanted_in, view.gates.exchange, view.credential)
  -- A provider that rotates may take the old refresh token for a little while yet: an open one is sent again at once.
  local refresh_in = view.must_resolve and 0 or view.due_in
  local refresh = view.can_refresh and attempt("refresh", refresh_in, view.gates.refresh)
  local plan = view.is_nameless and {}
    or sooner(exchange or nil, refresh or nil, view)
    or wait(view, wanted_in)
  if view.save_in and (view.must_save or not plan.delay or view.save_in <= plan.delay) then
    return choice.save(view)
  end
  return plan
end

--- The attempt that somebody asks for before it is due. A forced one passes every gate but the budget, which the store
--- guards; another one respects them.
---@param view usher.keeper.View
---@param is_forced boolean
---@return usher.keeper.Plan? plan nil: nothing can be attempted now
function choice.early(view, is_forced)
  local kind
  if view.can_refresh then
    kind = "refresh"
  elseif view.credential then
    kind = "exchange"
  end
  if not kind or view.must_save or not is_forced and view.gates[kind].delay > 0 then
    return nil
  end
  return {
    kind = kind,
    delay = 0,
    push = kind == "exchange" and view.credential or nil,
    is_forced = is_forced,
  }
end

return choice
