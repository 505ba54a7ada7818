-- SPDX-License-Identifier: MIT
-- What has been accepted lately: a message that comes again, by its sender's impatience or a stranger's hand, is
-- answered and has no effect. Only genuine messages get here. In memory, for as long as the gateway runs: after a
-- restart a message's own time and the store's knowledge of credentials are left.

local seen = {}

local KEPT_SECONDS = 8 * 3600 -- longer than any sender tries again
local MAX_KEPT = 10000

---@class usher.callback.Seen
local Seen = {}
Seen.__index = Seen
Seen.__name = "usher.callback.seen"

local function key_of(name, id)
  return name .. "\0" .. id
end

local function drop_oldest(self)
  self._at[self._keys[self._first]] = nil
  self._keys[self._first] = nil
  self._first = self._first + 1
end

local function drop_old(self, now)
  while self._first <= self._last and now - self._at[self._keys[self._first]] >= KEPT_SECONDS do
    drop_oldest(self)
  end
  if self._last - self._first + 1 >= MAX_KEPT then
    drop_oldest(self)
  end
end

--- Whether this has been accepted.
---@param name string of the account
---@param id? string nil: it cannot be told
---@return boolean
function Seen:has(name, id)
  local at = id and self._at[key_of(name, id)]
  return at ~= nil and self._clock:boot() - at < KEPT_SECONDS
end

--- Notes that this has been accepted.
---@param name string of the account
---@param id? string
function Seen:add(name, id)
  if not id or self:has(name, id) then
    return
  end
  local key, now = key_of(name, id), self._clock:boot()
  drop_old(self, now)
  self._last = self._last + 1
  self._at[key], self._keys[self._last] = now, key
end

---@param clock usher.Clock
---@return usher.callback.Seen
function seen.new(clock)
  return setmetatable({ _clock = clock, _at = {}, _keys = {}, _first = 1, _last = 0 }, Seen)
end

return seen
