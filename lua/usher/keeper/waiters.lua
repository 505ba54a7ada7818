-- SPDX-License-Identifier: MIT
-- Tasks that wait for the same thing. Each leaves when its time is up, so that nothing piles up behind a dead account.

local core = require "usher.core"

local waiters = {}

---@class usher.keeper.Waiters
local Waiters = {}
Waiters.__index = Waiters
Waiters.__name = "usher.keeper.waiters"

local Entry = {
  __close = function(entry)
    entry.futures[entry.future] = nil
  end,
}

--- Waits until `wake`, at most that long.
---@param clock usher.Clock
---@param seconds number
function Waiters:wait(clock, seconds)
  local future = core.future.new()
  local _ <close> = setmetatable({ futures = self._futures, future = future }, Entry)
  self._futures[future] = true
  local _ <close> = clock:timer(seconds, function()
    future:resolve()
  end)
  future:wait()
end

--- Lets all go on who wait now.
function Waiters:wake()
  for future in pairs(self._futures) do
    future:resolve()
  end
end

--- How many wait, for audits.
---@return integer
function Waiters:count()
  local count = 0
  for _ in pairs(self._futures) do
    count = count + 1
  end
  return count
end

---@return usher.keeper.Waiters
function waiters.new()
  return setmetatable({ _futures = {} }, Waiters)
end

return waiters
