-- SPDX-License-Identifier: MIT
-- Requests allowed within any 24 hours, counted exactly. Pure: the time is an argument.

local rolling_budget = {}

local DAY = 24 * 3600

---@class usher.simulator.Budget
---@field limit integer
local Budget = {}
Budget.__index = Budget
Budget.__name = "usher.simulator.budget"

local function forget(self, now)
  while self._first <= self._last and self._times[self._first] <= now - DAY do
    self._times[self._first] = nil
    self._first = self._first + 1
  end
end

--- Counts a request; false, and not counted, where the day's requests are used up.
---@param now number seconds
---@return boolean
function Budget:take(now)
  if self:used(now) >= self.limit then
    return false
  end
  self._last = self._last + 1
  self._times[self._last] = now
  return true
end

--- How many requests the last 24 hours saw.
---@param now number seconds
---@return integer
function Budget:used(now)
  forget(self, now)
  return self._last - self._first + 1
end

--- A budget of `limit` requests.
---@param limit integer
---@return usher.simulator.Budget
function rolling_budget.new(limit)
  return setmetatable({ limit = limit, _times = {}, _first = 1, _last = 0 }, Budget)
end

return rolling_budget
