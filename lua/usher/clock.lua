-- SPDX-License-Identifier: MIT
-- Time as an argument: everything above takes a clock, so that specs can replace it.

local core = require "usher.core"
local errors = require "usher.errors"

local clock = {}

---@class usher.Clock
local Clock = {}
Clock.__index = Clock
Clock.__name = "usher.clock"

--- Seconds since 1970, with fraction; may jump.
---@return number
function Clock:wall()
  return core.clock.wall()
end

--- Seconds since boot, with fraction; counts suspend and never goes back.
---@return number
function Clock:boot()
  return core.clock.boot()
end

--- Runs `handler` as a task after that many seconds, once.
---@param seconds number
---@param handler fun()
---@return usher.core.Handle
function Clock:timer(seconds, handler)
  return core.timer.start(math.ceil(math.max(seconds, 0) * 1000), handler)
end

--- Waits.
---@param seconds number
function Clock:sleep(seconds)
  local future = core.future.new()
  local _ <close> = self:timer(seconds, function()
    future:resolve()
  end)
  future:wait()
end

--- Waits for the future's values, at most that long.
---@param future usher.core.Future
---@param seconds number
---@return any ... the values, or nil and a `timeout` error
function Clock:wait(future, seconds)
  local first = core.future.new()
  local _ <close> = self:timer(seconds, function()
    first:resolve(errors.fail "timeout")
  end)
  future:chain(first)
  return first:wait()
end

--- The system's clock and the loop's timers.
---@return usher.Clock
function clock.system()
  return setmetatable({}, Clock)
end

--- A clock with this one's `sleep` and `wait` over other time: `source` has `wall`, `boot` and `timer`.
---@param source table
---@return usher.Clock
function clock.over(source)
  return setmetatable(source, Clock)
end

return clock
