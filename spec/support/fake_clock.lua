-- SPDX-License-Identifier: MIT
-- A clock that only moves when told: timers fire in order of time, each as a task that runs until it waits.

local clock = require "usher.clock"
local core = require "usher.core"

local fake_clock = {}

local function close_timer(timer)
  timer.closed = true
end

local timer_metatable = { __index = { close = close_timer }, __close = close_timer }

local function earlier(a, b)
  return a.at < b.at or (a.at == b.at and a.number < b.number)
end

-- Runs tasks until all of them wait for something other than each other.
local function settle()
  repeat
    core.loop:step()
  until not core.loop:has_ready_tasks()
end

local function take_due(self, limit)
  local first
  for index = #self.timers, 1, -1 do
    local timer = self.timers[index]
    if timer.closed then
      table.remove(self.timers, index)
      first = first and first - 1
    elseif timer.at <= limit and (not first or earlier(timer, self.timers[first])) then
      first = index
    end
  end
  return first and table.remove(self.timers, first)
end

--- A fake clock that starts at `wall` seconds since 1970 and `boot` seconds since boot.
---@param wall? number default 1800000000
---@param boot? number default 1000
---@return usher.Clock
function fake_clock.new(wall, boot)
  local self = { now = boot or 1000, timers = {}, count = 0 }
  self.offset = (wall or 1800000000) - self.now

  function self:wall()
    return self.now + self.offset
  end

  function self:boot()
    return self.now
  end

  function self:timer(seconds, handler)
    self.count = self.count + 1
    local timer = { at = self.now + math.max(seconds, 0), number = self.count, handler = handler }
    table.insert(self.timers, timer)
    return setmetatable(timer, timer_metatable)
  end

  --- Lets time pass, firing every timer on the way.
  function self:advance(seconds)
    local limit = self.now + seconds
    settle()
    local timer = take_due(self, limit)
    while timer do
      self.now = math.max(self.now, timer.at)
      core.loop:spawn(timer.handler)
      settle()
      timer = take_due(self, limit)
    end
    self.now = limit
  end

  --- Sets the wall clock off by that much, as an administrator or NTP would.
  function self:step_wall(seconds)
    self.offset = self.offset + seconds
  end

  --- Lets time pass as a suspended machine does: timers do not run meanwhile, and do not count it.
  function self:suspend(seconds)
    self.now = self.now + seconds
    for _, timer in ipairs(self.timers) do
      timer.at = timer.at + seconds
    end
  end

  --- How many timers are armed, for audits.
  function self:armed()
    local armed = 0
    for _, timer in ipairs(self.timers) do
      armed = armed + (timer.closed and 0 or 1)
    end
    return armed
  end

  return clock.over(self)
end

return fake_clock
