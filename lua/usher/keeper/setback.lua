-- SPDX-License-Identifier: MIT
-- What a failed attempt leads to, by its class. Changes the account's counters; the store is told by the caller.

local budget = require "usher.model.budget"
local credentials = require "usher.keeper.credentials"
local refresh_policy = require "usher.keeper.refresh_policy"

local setback = {}

local CONFIGURATION_RETRY = 3600

local function chance(keeper)
  return string.unpack(">I4", keeper.random(4)) / 2 ^ 32
end

local function back_off(account, seconds, now, is_clearable)
  account.backoff_until = now.boot + seconds
  account.is_backoff_clearable = is_clearable
end

local function wait_and_retry(keeper, account, _, result, now)
  local seconds = refresh_policy.backoff(account.failures, chance(keeper))
  back_off(account, math.max(seconds, result.retry_after or 0), now, true)
end

-- Each answers what the store is to be told besides.
local consequences = {}

function consequences.retryable(keeper, account, plan, result, now)
  wait_and_retry(keeper, account, plan, result, now)
  local is_dead = plan.kind == "exchange"
    and account:is_single_use()
    and not result.is_certain
    and credentials.is_last_try(plan.tries)
  return { spent_sequence = is_dead and plan.push.sequence or nil }
end

-- What was refused is the platform's token, not what the tenant has.
function consequences.parent(keeper, account, plan, result, now)
  wait_and_retry(keeper, account, plan, result, now)
  account.refused_token = plan.parent_token
  return {}
end

function consequences.budget(_, account, plan, result, now)
  local closure = account.closures[plan.kind]
  closure.till = now.boot + refresh_policy.closure(result.retry_after, closure.count)
  closure.count = closure.count + 1
  return {}
end

function consequences.configuration(_, account, _, _, now)
  back_off(account, CONFIGURATION_RETRY, now, false)
  return {}
end

function consequences.credential(_, account, plan, _, now)
  local subject = plan.push.subject or ""
  account.refused = account.refused + 1
  account.refused_in = budget.add(account.refused_in, now.wall, 1)
  account.refusals[subject] = (account.refusals[subject] or 0) + 1
  return { spent_sequence = plan.push.sequence }
end

function consequences.refresh_token()
  return { is_refresh_spent = true }
end

--- Notes a failure. `spent_sequence` and `is_refresh_spent` say what must never be sent again.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param plan usher.keeper.Plan with `tries`, how often the same was sent
---@param result usher.keeper.Outcome
---@param now usher.keeper.Now
---@return {spent_sequence: integer?, is_refresh_spent: boolean?}
function setback.note(keeper, account, plan, result, now)
  local consequence = consequences[result.class](keeper, account, plan, result, now)
  account.failures = account.failures + 1
  account.last_error = { class = result.class, code = result.error, at = math.floor(now.wall) }
  return consequence
end

return setback
