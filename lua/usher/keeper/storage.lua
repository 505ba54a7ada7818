-- SPDX-License-Identifier: MIT
-- Whether the store can be relied on, by how its last call ended. While it cannot, it is asked again by itself: soon,
-- then less often.

local storage = {}

local FIRST_PROBE, LONGEST_PROBE = 1, 30 -- seconds

-- These tell of the account, not of the store.
local ANSWERS = {
  conflict = true,
  held = true,
  budget_exhausted = true,
  forbidden = true,
  invalid_argument = true,
  ["repeat"] = true,
}

---@class usher.keeper.Storage
---@field private _options usher.keeper.storage.options
---@field private _is_up boolean
---@field private _up_since number boot time
---@field private _is_stopped boolean
---@field private _wait number seconds until the next probe but one
---@field private _timer? table
local Storage = {}
Storage.__index = Storage
Storage.__name = "usher.keeper.storage"

local schedule

-- A write, not a reading: a full disk can be read.
local function probe(self)
  local _, err = self._options.store:check()
  self:note(err)
  if not self._is_up then
    schedule(self)
  end
end

function schedule(self)
  if self._is_stopped or self._timer then
    return
  end
  self._timer = self._options.clock:timer(self._wait, function()
    self._timer = nil
    if not self._is_up then
      self._options.spawn(probe, self)
    end
  end)
  self._wait = math.min(LONGEST_PROBE, self._wait * 2)
end

local function set(self, is_up, err)
  self._is_up = is_up
  if is_up then
    self._options.log:info("store_up", {})
    self._up_since = self._options.clock:boot()
    self._options.on_up()
  else
    self._options.log:error("store_down", { error = err.code, reason = err.message })
    -- One that takes what it is probed with and fails at once at what follows has not been up.
    if self._options.clock:boot() - self._up_since >= FIRST_PROBE then
      self._wait = FIRST_PROBE
    end
    schedule(self)
  end
end

--- Notes how a call of the store ended.
---@param err? usher.Error
function Storage:note(err)
  local is_up = not err or ANSWERS[err.code] == true or err.record ~= nil
  if is_up ~= self._is_up then
    set(self, is_up, err)
  end
end

--- Whether the store took or gave what it was last asked for.
---@return boolean
function Storage:is_up()
  return self._is_up
end

--- Nothing is asked from now on.
function Storage:stop()
  self._is_stopped = true
  if self._timer then
    self._timer:close()
    self._timer = nil
  end
end

---@class usher.keeper.storage.options
---@field store usher.Store
---@field clock usher.Clock
---@field log usher.Logger
---@field spawn fun(fn: function, ...) runs a task
---@field on_up fun() the store is back; must not wait

---@param options usher.keeper.storage.options
---@return usher.keeper.Storage
function storage.new(options)
  return setmetatable(
    { _options = options, _is_up = true, _up_since = -math.huge, _is_stopped = false, _wait = FIRST_PROBE },
    Storage
  )
end

return storage
