-- SPDX-License-Identifier: MIT
-- Lifetimes as providers write them: numbers or numeric strings, in seconds or, unsaid, in milliseconds. Pure.

local errors = require "usher.errors"

local lifetime = {}

local DAY = 24 * 3600

-- No access token lives 11 days and no refresh token 31 years: above these the unit must be milliseconds.
local ACCESS = { milliseconds_above = 1e6, longest = 30 * DAY }
local REFRESH = { milliseconds_above = 1e9, longest = 400 * DAY }

--- A lifetime as a number; nil where there is none; nil and an error where it is something else.
---@param value any
---@return number? amount in the sender's unit
---@return usher.Error? err bad_response
function lifetime.read(value)
  local amount = value
  if type(value) == "string" and value:find "^%d+%.?%d*$" then
    amount = tonumber(value)
  end
  if amount == nil or type(amount) == "number" and amount > 0 and amount < math.huge then
    return amount
  end
  return errors.fail("bad_response", "an answer with a lifetime that is none")
end

local function divisor_of(access, refresh, unit)
  if unit == "s" or unit == "ms" then
    return unit == "ms" and 1000 or 1
  end
  local is_long = access and access > ACCESS.milliseconds_above
    or refresh and refresh > REFRESH.milliseconds_above
  return is_long and 1000 or 1
end

local function in_seconds(amount, divisor, limits, notes)
  local seconds = amount and math.max(1, amount / divisor)
  if seconds and seconds > limits.longest then
    table.insert(notes, "lifetime_clamped")
    return limits.longest
  end
  return seconds
end

--- The lifetimes of an access and a refresh token that came in one answer, and so in one unit.
---@param access any
---@param refresh any
---@param unit? "auto"|"s"|"ms"
---@return {access: number?, refresh: number?, notes: string[]}? seconds; `notes` says what a person should know
---@return usher.Error? err bad_response
function lifetime.read_pair(access, refresh, unit)
  local err, refresh_err
  access, err = lifetime.read(access)
  refresh, refresh_err = lifetime.read(refresh)
  if err or refresh_err then
    return nil, err or refresh_err
  end
  local divisor, notes = divisor_of(access, refresh, unit), {}
  if divisor == 1000 then
    table.insert(notes, "lifetimes_in_milliseconds")
  end
  return {
    access = in_seconds(access, divisor, ACCESS, notes),
    refresh = in_seconds(refresh, divisor, REFRESH, notes),
    notes = notes,
  }
end

return lifetime
