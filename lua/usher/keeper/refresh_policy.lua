-- SPDX-License-Identifier: MIT
-- When things are due and how long to wait after a failure: arithmetic on seconds. Pure.

local core = require "usher.core"

local refresh_policy = {}

local MARGIN_INTERVALS = 2.5 -- two pushes may be lost before the token is
local MARGIN_OF_LIFE = 1 / 4
-- A configured margin longer than a token's life would renew without end.
local LARGEST_MARGIN_OF_LIFE = 1 / 2
local SPREAD_OF_MARGIN = 1 / 8
local YOUNG_OF_LIFE = 1 / 10
local PAIR_OF_LIFE = 1 / 5

local TIMEOUT_OF_MARGIN = 1 / 3
local LONGEST_TIMEOUT = 20
local SHORTEST_TIMEOUT = 2

local FIRST_BACKOFF = 2
local LONGEST_BACKOFF = 600
local FIRST_CLOSURE = 300
local LONGEST_CLOSURE = 3600
local MAX_DOUBLINGS = 16

local LEARNT_GAPS = 8
local MIN_LEARNT_GAPS = 3
local MISSED_INTERVALS = 1.5
local EARLY_INTERVALS = 0.9
local REFUSED_SPACING = 120
local REFUSED_SPACING_OF_INTERVAL = 1 / 5

--- Seconds before its expiry that an access token's renewal begins.
---@param policy usher.Policy
---@param life number seconds from issue to expiry
---@param interval? number seconds between pushes, where known
---@return number seconds
function refresh_policy.margin(policy, life, interval)
  local margin = policy.margin
    or math.min(interval and MARGIN_INTERVALS * interval or math.huge, life * MARGIN_OF_LIFE)
  return math.min(margin, life * LARGEST_MARGIN_OF_LIFE)
end

--- A number in [0, 1) that is always the same for one token set, so that many accounts are not due at once.
---@param name string
---@param version integer
---@return number
function refresh_policy.spread(name, version)
  local word = string.unpack(">I4", core.digest.sha256(name .. "\0" .. version))
  return word / 2 ^ 32
end

--- Seconds until renewal is due; negative: overdue.
---@param left number seconds until expiry
---@param margin number
---@param spread number in [0, 1)
---@return number seconds
function refresh_policy.due_in(left, margin, spread)
  return left - margin + spread * margin * SPREAD_OF_MARGIN
end

--- How long one transfer may take.
---@param margin number
---@return number seconds
function refresh_policy.timeout(margin)
  return math.min(LONGEST_TIMEOUT, math.max(SHORTEST_TIMEOUT, margin * TIMEOUT_OF_MARGIN))
end

--- Whether a token is too young for anybody to ask for a newer one.
---@param age number
---@param life number
---@return boolean
function refresh_policy.is_young(age, life)
  return age < life * YOUNG_OF_LIFE
end

--- Seconds until a refresh token enters the last fifth of its life, when a new pair is wanted.
---@param left number seconds until the refresh token expires
---@param life number
---@return number seconds
function refresh_policy.pair_due_in(left, life)
  return left - life * PAIR_OF_LIFE
end

--- The wait after a failure that may pass by itself.
---@param failures integer in a row before this one
---@param chance number in [0, 1)
---@return number seconds
function refresh_policy.backoff(failures, chance)
  local longest = math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ^ math.min(failures, MAX_DOUBLINGS))
  return longest * (0.5 + chance / 2)
end

--- How long a kind of request stays closed after the provider said that its budget is used up.
---@param retry_after? number seconds
---@param closures integer in a row before this one
---@return number seconds
function refresh_policy.closure(retry_after, closures)
  local own = math.min(LONGEST_CLOSURE, FIRST_CLOSURE * 2 ^ math.min(closures, MAX_DOUBLINGS))
  return math.max(retry_after or 0, own)
end

--- Seconds between pushes: configured, or the median of the last gaps; nil while too few are known.
---@param policy usher.Policy
---@param gaps? number[] newest last
---@return number? seconds
function refresh_policy.push_interval(policy, gaps)
  gaps = gaps or {}
  if policy.push_interval or #gaps < MIN_LEARNT_GAPS then
    return policy.push_interval
  end
  local last = table.move(gaps, math.max(1, #gaps - LEARNT_GAPS + 1), #gaps, 1, {})
  table.sort(last)
  local middle = #last // 2
  return #last % 2 == 1 and last[middle + 1] or (last[middle] + last[middle + 1]) / 2
end

--- After so long without a push, one was missed.
---@param interval number
---@return number seconds
function refresh_policy.missed_after(interval)
  return interval * MISSED_INTERVALS
end

--- When a credential's successor is expected, counted from its own arrival: a push may come early, and two be lost.
---@param interval number
---@return {earliest: number, latest: number} seconds
function refresh_policy.successor(interval)
  return { earliest = interval * EARLY_INTERVALS, latest = interval * MARGIN_INTERVALS }
end

--- The least time between attempts while credentials are being refused, so that forged ones cannot burn the budget.
---@param interval? number seconds between pushes
---@return number seconds
function refresh_policy.refused_spacing(interval)
  return math.min(REFUSED_SPACING, interval and interval * REFUSED_SPACING_OF_INTERVAL or math.huge)
end

return refresh_policy
