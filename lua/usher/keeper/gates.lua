-- SPDX-License-Identifier: MIT
-- What holds an attempt back, and for how long: backoff, a closed kind, spacing, our own budget. Pure.

local budget = require "usher.model.budget"
local refresh_policy = require "usher.keeper.refresh_policy"

local gates = {}

local PLATFORM_RETRY = 3600 -- its next token makes everything new

---@class usher.keeper.Gate
---@field delay number seconds; 0: open
---@field reason? "backoff"|"closed"|"spacing"|"refused"|"budget"|"platform" what holds longest

local function longest(delays)
  local gate = { delay = 0 }
  for reason, delay in pairs(delays) do
    if delay > gate.delay then
      gate = { delay = delay, reason = reason }
    end
  end
  return gate
end

local function until_boot(deadline, now)
  return deadline and deadline - now.boot or 0
end

local function until_wall(deadline, now)
  return deadline and deadline - now.wall or 0
end

--- The least seconds between failing attempts of a kind; nil while much of the day's budget is left.
---@param account usher.keeper.Account
---@param kind "exchange"|"refresh"
---@param now {wall: number, boot: number}
---@return number? seconds
function gates.spacing(account, kind, now)
  local limit = account:limit(kind)
  return limit and budget.spacing(limit, budget.used(account:buckets(kind), now.wall))
end

local function spacing(account, kind, now)
  local last, limit, seconds = account.last_attempts[kind], account:limit(kind), nil
  if account.failures > 0 or account.has_failed_before then
    seconds = gates.spacing(account, kind, now)
  elseif limit then
    seconds = budget.pace(limit, budget.used(account:buckets(kind), now.wall))
  end
  return last and seconds and last + seconds - now.boot or 0
end

-- While credentials are being refused: at most one attempt per two minutes, and no more than 40 % of the day's budget
-- for those that are.
local function refused(account, kind, limit, now)
  if kind ~= "exchange" or account.refused == 0 then
    return 0
  end
  local last = account.last_attempts.exchange or now.boot
  local delay = last + refresh_policy.refused_spacing(account:push_interval()) - now.boot
  local opens_at = limit and budget.opens_at(account.refused_in, budget.refused_allowance(limit), now.wall)
  return math.max(delay, until_wall(opens_at, now))
end

--- The gate before one kind of attempt.
---@param account usher.keeper.Account
---@param kind "exchange"|"refresh"
---@param now {wall: number, boot: number}
---@return usher.keeper.Gate
function gates.of(account, kind, now)
  local limit = account:limit(kind)
  local opens_at = limit and budget.opens_at(account:buckets(kind), limit - budget.reserve(limit), now.wall)
  return longest {
    backoff = until_boot(account.backoff_until, now),
    closed = until_boot(account.closures[kind].till, now),
    spacing = spacing(account, kind, now),
    refused = refused(account, kind, limit, now),
    budget = until_wall(opens_at, now),
    platform = account:is_equipped(now) and 0 or PLATFORM_RETRY,
  }
end

return gates
