-- SPDX-License-Identifier: MIT
-- Requests allowed in a rolling day, counted in hours: `buckets[hour]` with hour = seconds since 1970 / 3600. A request
-- counts through its own hour and the 24 after it, so never less than a day. Pure.

local budget = {}

local HOUR = 3600
local DAY = 24 * HOUR
local BUCKETS = 25
local RESERVE_OF_LIMIT = 10
local SPACED_FROM = 3 / 10 -- of the limit
local PACED_FROM = 7 / 10
local REFUSED_FROM = 4 / 10

local function hour_of(wall)
  return math.floor(wall / HOUR)
end

-- Buckets of the future are of a clock that ran ahead: they count, but no longer than a day from now.
local function counts(hour, now)
  return hour > now - BUCKETS
end

--- Requests of the last day.
---@param buckets? table<integer|string, integer>
---@param wall number seconds since 1970
---@return integer
function budget.used(buckets, wall)
  local used, now = 0, hour_of(wall)
  for hour, count in pairs(buckets or {}) do
    if counts(tonumber(hour), now) then
      used = used + count
    end
  end
  return used
end

--- The part of a limit that is kept for a person's forced refresh.
---@param limit integer
---@return integer
function budget.reserve(limit)
  return limit // RESERVE_OF_LIMIT
end

local function sorted_hours(buckets, now)
  local hours = {}
  for hour in pairs(buckets) do
    if counts(tonumber(hour), now) then
      table.insert(hours, tonumber(hour))
    end
  end
  table.sort(hours)
  return hours
end

--- When fewer than `allowed` requests of the last day are left; nil: so it is already.
---@param buckets? table<integer|string, integer>
---@param allowed number
---@param wall number seconds since 1970
---@return integer? seconds since 1970
function budget.opens_at(buckets, allowed, wall)
  local used = budget.used(buckets, wall)
  if used < allowed then
    return nil
  end
  local now = hour_of(wall)
  for _, hour in ipairs(sorted_hours(buckets or {}, now)) do
    used = used - (buckets[hour] or buckets[tostring(hour)])
    if used < allowed then
      return math.min(hour, now) * HOUR + BUCKETS * HOUR
    end
  end
  return (now + BUCKETS) * HOUR
end

--- The least seconds between attempts that follow a failure, so that what is left of the day's budget lasts; nil while
--- less than 30 % of it is used.
---@param limit integer
---@param used integer
---@return number? seconds
function budget.spacing(limit, used)
  if used < limit * SPACED_FROM then
    return nil
  end
  return DAY / math.max(1, limit - budget.reserve(limit) - limit * SPACED_FROM)
end

--- The least seconds between attempts that succeed, so that tokens that live too short do not use the day up at once;
--- nil while less than 70 % of the budget is used. What a day can bear is never held up.
---@param limit integer
---@param used integer
---@return number? seconds
function budget.pace(limit, used)
  if used < limit * PACED_FROM then
    return nil
  end
  return DAY / math.max(1, limit - budget.reserve(limit))
end

--- How many requests of a day may go to credentials that are being refused.
---@param limit integer
---@return number
function budget.refused_allowance(limit)
  return limit * REFUSED_FROM
end

--- Counts a request, or takes one back, and drops what has left the day.
---@param buckets? table<integer|string, integer>
---@param wall number seconds since 1970
---@param count integer
---@return table<integer, integer> buckets
function budget.add(buckets, wall, count)
  local now, sums = hour_of(wall), {}
  for hour, sum in pairs(buckets or {}) do
    hour = tonumber(hour)
    if counts(hour, now) then
      sums[hour] = sum
    end
  end
  sums[now] = math.max(0, (sums[now] or 0) + count)
  return sums
end

--- The requests of two counts together.
---@param one? table<integer|string, integer>
---@param other? table<integer|string, integer>
---@return table<integer, integer> buckets
function budget.sum(one, other)
  local sums = {}
  for _, buckets in ipairs { one or {}, other or {} } do
    for hour, count in pairs(buckets) do
      hour = tonumber(hour)
      sums[hour] = (sums[hour] or 0) + count
    end
  end
  return sums
end

--- Moves what a clock that ran ahead has counted into hours to come to the present hour, where it grows old.
---@param buckets table<integer|string, integer>
---@param wall number seconds since 1970
---@return table<integer, integer> buckets
---@return boolean is_changed
function budget.redate(buckets, wall)
  local now, sums, is_changed = hour_of(wall), {}, false
  for hour, count in pairs(buckets) do
    hour = tonumber(hour)
    is_changed = is_changed or hour > now
    hour = math.min(hour, now)
    sums[hour] = (sums[hour] or 0) + count
  end
  return sums, is_changed
end

return budget
