-- SPDX-License-Identifier: MIT
-- The log lines of refused callbacks, bounded: a stranger's flood costs ten lines a minute and a count.

local refusals = {}

local WINDOW_SECONDS = 60
local LINES_PER_WINDOW = 10

---@class usher.callback.Refusals
local Refusals = {}
Refusals.__index = Refusals
Refusals.__name = "usher.callback.refusals"

--- Logs one refusal, or counts it where the window's lines are used up.
---@param fields table without anything of the path or the query: both may hold secrets
function Refusals:note(fields)
  local now = self._clock:boot()
  if now >= self._window_ends then
    fields.suppressed = self._suppressed > 0 and self._suppressed or nil
    self._window_ends, self._lines, self._suppressed = now + WINDOW_SECONDS, 0, 0
  end
  if self._lines >= LINES_PER_WINDOW then
    self._suppressed = self._suppressed + 1
    return
  end
  self._lines = self._lines + 1
  self._log:warn("callback_refused", fields)
end

---@param log table a logger of `usher.log`
---@param clock usher.Clock
---@return usher.callback.Refusals
function refusals.new(log, clock)
  local self = { _log = log, _clock = clock, _window_ends = clock:boot(), _lines = 0, _suppressed = 0 }
  return setmetatable(self, Refusals)
end

return refusals
