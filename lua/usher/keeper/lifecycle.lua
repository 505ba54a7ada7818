-- SPDX-License-Identifier: MIT
-- The only writer of an account's status.

local events = require "usher.keeper.events"

local lifecycle = {}

--- Every status there is, and what it means.
lifecycle.STATUSES = {
  awaiting_credential = "a token pair is wanted, and no pushed credential is there to exchange",
  exchanging = "a credential is being exchanged",
  ready = "the token is valid and nothing is wrong",
  refreshing = "the token is being refreshed",
  retrying = "no attempt succeeded lately; the next one is scheduled",
  reauthorization_required = "a person must authorize, for the first time or again",
  disabled = "switched off by the configuration",
}

local ATTEMPTS = { exchange = "exchanging", refresh = "refreshing" }
local IN_FLIGHT = { exchanging = true, refreshing = true }

local function check(account, status)
  assert(lifecycle.STATUSES[status], "an unknown status")
  local is_impossible = IN_FLIGHT[status] and (not account.status or IN_FLIGHT[account.status])
  assert(not is_impossible, "an attempt begins at rest")
end

local function set(keeper, account, status)
  local from = account.status
  if from == status then
    return
  end
  check(account, status)
  account.status = status
  keeper.log:debug("status_changed", { account = account.name, from = from or "none", to = status })
  if status == "reauthorization_required" then
    events.emit(keeper, "reauthorization_required", account, { needs = lifecycle.needs(account) })
  end
end

--- An attempt of that kind begins.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param kind "exchange"|"refresh"
function lifecycle.begin(keeper, account, kind)
  set(keeper, account, ATTEMPTS[kind])
end

-- The first attempt comes in a moment: it is not worth a status of its own.
local function is_imminent(account, plan)
  local is_at_rest = account.status and not IN_FLIGHT[account.status]
  return is_at_rest and account.failures == 0 and plan.delay == 0
end

local function is_valid(seen)
  return seen.left ~= nil and seen.left > 0
end

local function resting(account, seen, plan)
  if account.is_disabled then
    return "disabled"
  elseif account.damage and not is_valid(seen) then
    return "reauthorization_required"
  elseif is_imminent(account, plan) then
    return account.status
  elseif plan.waits_for then
    return plan.waits_for == "person" and "reauthorization_required" or "awaiting_credential"
  elseif account.failures == 0 and is_valid(seen) then
    return "ready"
  end
  return "retrying"
end

--- No attempt is under way: the status follows from what is known and what is planned.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param seen usher.keeper.View
---@param plan usher.keeper.Plan
function lifecycle.rest(keeper, account, seen, plan)
  set(keeper, account, resting(account, seen, plan))
end

--- What a person must do; nil: nothing.
---@param account usher.keeper.Account
---@return string?
function lifecycle.needs(account)
  local class = account.last_error and account.last_error.class
  if account.damage then
    return account.damage .. ": stop the gateway and run `usher recover`"
  elseif account.status == "reauthorization_required" and account.needs_person then
    return ("authorize at the provider: usher authorize %s"):format(account.name)
  elseif account.status == "reauthorization_required" then
    return "authorize again at the provider: the refresh token is no longer usable and no credential arrives"
  elseif class == "configuration" then
    return "check the account at the provider and its configuration: the provider refuses the client itself"
  elseif account.status == "awaiting_credential" and account.has_missed_push then
    return "authorize at the provider, and check that its callback reaches this gateway: no credential arrives"
  end
  return nil
end

return lifecycle
