-- SPDX-License-Identifier: MIT
-- Tells the service manager that started this process, by sd_notify's protocol, how it is, and that its loop turns:
-- where the watchdog hears nothing for as long as its unit says, it starts the process anew.

local clock = require "usher.clock"
local core = require "usher.core"

local supervisor = {}

-- Two chances within the watchdog's time.
local SHARE = 0.5

---@class usher.gateway.Supervisor
---@field private _address? string nil: nobody wants to know
---@field private _seconds? number between signs of life; nil: none
---@field private _clock usher.Clock
---@field private _timer? usher.core.Handle
local Supervisor = {}
Supervisor.__index = Supervisor
Supervisor.__name = "usher.gateway.supervisor"

-- What cannot be told is told again soon, or is noticed.
local function tell(self, text)
  if self._address then
    core.process.notify(self._address, text)
  end
end

local function show_life(self)
  tell(self, "WATCHDOG=1")
  self._timer = self._clock:timer(self._seconds, function()
    show_life(self)
  end)
end

--- It serves; from now on the watchdog hears of it.
function Supervisor:ready()
  tell(self, "READY=1")
  if self._seconds and not self._timer then
    show_life(self)
  end
end

--- It reads its configuration anew; `ready` follows, whatever comes of that.
function Supervisor:reloading()
  tell(self, "RELOADING=1")
end

--- It ends.
function Supervisor:stopping()
  tell(self, "STOPPING=1")
end

--- Ends the signs of life. Idempotent.
function Supervisor:close()
  if self._timer then
    self._timer:close()
    self._timer = nil
  end
end

Supervisor.__close = Supervisor.close

local function seconds_of(getenv)
  local microseconds = tonumber(getenv "WATCHDOG_USEC")
  local pid = tonumber(getenv "WATCHDOG_PID") or core.process.id()
  if microseconds and microseconds > 0 and pid == core.process.id() then
    return microseconds / 1000000 * SHARE
  end
end

--- The supervisor that NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID tell of; without the first, nobody.
---@param getenv fun(name: string): string?
---@param own_clock? usher.Clock
---@return usher.gateway.Supervisor
function supervisor.new(getenv, own_clock)
  local address = getenv "NOTIFY_SOCKET"
  return setmetatable({
    _address = address,
    _seconds = address and seconds_of(getenv),
    _clock = own_clock or clock.system(),
  }, Supervisor)
end

return supervisor
