-- SPDX-License-Identifier: MIT
-- The Retry-After field (RFC 9110, 10.2.3): seconds, or an HTTP date. Pure.

local retry_after = {}

local SHORTEST = 1
local LONGEST = 3600
local DAY = 24 * 3600
local MONTHS = {
  Jan = 1,
  Feb = 2,
  Mar = 3,
  Apr = 4,
  May = 5,
  Jun = 6,
  Jul = 7,
  Aug = 8,
  Sep = 9,
  Oct = 10,
  Nov = 11,
  Dec = 12,
}

-- Days since 1970 of a date of the proleptic Gregorian calendar, counted in years that begin in March.
local function days_of(year, month, day)
  local years = month > 2 and year or year - 1
  local months = (month + 9) % 12
  local leaps = years // 4 - years // 100 + years // 400
  return years * 365 + leaps + (153 * months + 2) // 5 + day - 1 - 719468
end

-- IMF-fixdate, the only form that RFC 9110 lets servers send.
local function date_of(text)
  local day, name, year, hour, minute, second =
    text:match "^%a%a%a, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$"
  local month = MONTHS[name]
  if not month then
    return nil
  end
  local days = days_of(math.tointeger(year), month, math.tointeger(day))
  return days * DAY + hour * 3600 + minute * 60 + second
end

--- How long a response asks to wait, clamped to 1 s .. 1 h; nil where it does not say so in a form we know.
---@param headers table<string, string> lower-case names
---@param wall number seconds since 1970
---@return number? seconds
function retry_after.read(headers, wall)
  local text = headers["retry-after"]
  local date = text and date_of(text)
  local seconds = date and date - wall or text and text:match "^%d+$" and tonumber(text)
  return seconds and math.min(LONGEST, math.max(SHORTEST, seconds)) or nil
end

return retry_after
