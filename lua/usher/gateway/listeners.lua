-- SPDX-License-Identifier: MIT
-- The gateway's listeners, by their parts' names. They move to other addresses without a gap: the new one is open
-- before the old one stops accepting, and what the old one has begun ends.

local core = require "usher.core"
local errors = require "usher.errors"
local listen = require "usher.config.listen"
local trust = require "usher.config.trust"

local listeners = {}

local RETIRING_SECONDS = 5

-- Programs of this machine that may open the socket all ask in the same moment when a token ends. Behind a loopback
-- address stands one proxy, or they.
listeners.MAX_CONNECTIONS, listeners.MAX_LOCAL_CONNECTIONS = 1024, 16384
listeners.MAX_CONNECTIONS_PER_SOURCE = 256

-- Strangers leave some descriptors to consumers, and these some to transfers and the store.
local SPARE_DESCRIPTORS = { callback = 96, api = 48 }

---@class usher.gateway.Spot where a listener is to be
---@field address usher.config.Address
---@field mode? string of a socket file, "0660"
---@field group? string of a socket file
---@field tls? usher.core.Tls

---@class usher.gateway.Listeners
---@field private _parts table<string, {error_body: function}>
---@field private _open table<usher.core.Listener, true> those that are retiring too
---@field private _current table<string, {listener: usher.core.Listener, spot: usher.gateway.Spot}>
local Listeners = {}
Listeners.__index = Listeners
Listeners.__name = "usher.gateway.listeners"

local function refuse_address(part, address, err)
  local reason = err.code == "not_found" and "its folder does not exist" or err.message
  return errors.fail(err.code, ("%s.listen: %s (%s)"):format(part, reason, listen.text(address)))
end

-- A socket file's group and mode. Nobody is let in before both are right.
local function share(part, spot, mode)
  local path, done, err = spot.address.path, true, nil
  if path and spot.group then
    done, err = core.file.set_group(path, spot.group)
    if not done then
      local reason = err.code == "not_found" and "there is no such group" or err.message
      return errors.fail("bad_configuration", ("%s.group %s: %s"):format(part, spot.group, reason))
    end
  end
  if path and mode then
    done, err = core.file.set_mode(path, tonumber(mode, 8))
  end
  return done, err and errors.new(err.code, ("%s.mode: %s"):format(part, err.message))
end

local function open(self, part, spot)
  local fault = spot.address.path and trust.socket_fault(spot.address.path)
  if fault then
    return refuse_address(part, spot.address, errors.new("bad_configuration", fault))
  end
  local listener, err = core.listener.open {
    host = spot.address.host,
    port = spot.address.port,
    path = spot.address.path,
    tls = spot.tls,
    max_connections = spot.address.path and listeners.MAX_LOCAL_CONNECTIONS or listeners.MAX_CONNECTIONS,
    max_connections_per_source = not listen.is_local(spot.address) and listeners.MAX_CONNECTIONS_PER_SOURCE
      or nil,
    spare_descriptors = SPARE_DESCRIPTORS[part],
    handler = function(request)
      return self._handle(part, request)
    end,
    error_body = self._error_bodies[part],
  }
  if not listener then
    return refuse_address(part, spot.address, err)
  end
  local shared
  shared, err = share(part, spot, spot.mode)
  if not shared then
    listener:close()
    return nil, err
  end
  return listener
end

local function is_same_address(a, b)
  return a.host == b.host and a.port == b.port and a.path == b.path
end

-- A move that is prepared -----------------------------------------------------------------------------

---@class usher.gateway.Move
---@field private _listeners usher.gateway.Listeners
---@field private _opened table<string, usher.core.Listener>
---@field private _spots table<string, usher.gateway.Spot>
local Move = {}
Move.__index = Move

-- The listener stays where it is, and its socket file may be shared with others from now on.
local function reshare(part, old, new)
  if old.mode == new.mode and old.group == new.group then
    return true
  elseif old.group and not new.group then
    return errors.fail("bad_configuration", part .. ".group was removed: that takes a restart")
  end
  return share(part, new, new.mode)
end

local function prepare(self, part, spot)
  local current = self._listeners._current[part]
  if current and is_same_address(current.spot.address, spot.address) then
    return reshare(part, current.spot, spot)
  end
  local err
  self._opened[part], err = open(self._listeners, part, spot)
  return self._opened[part] ~= nil, err
end

--- Closes what was opened for the move, and shares socket files as before.
function Move:undo()
  for _, listener in pairs(self._opened) do
    listener:close()
  end
  for part, current in pairs(self._listeners._current) do
    if not self._opened[part] then
      share(part, current.spot, current.spot.mode)
    end
  end
end

local function retire(self, listener)
  core.loop:spawn(function()
    pcall(listener.drain, listener, RETIRING_SECONDS * 1000)
    self._open[listener] = nil
  end)
end

--- Makes the new listeners the gateway's, and lets the replaced ones end in the background.
function Move:commit()
  local all = self._listeners
  for part, spot in pairs(self._spots) do
    local current, opened = all._current[part], self._opened[part]
    if current and opened then
      retire(all, current.listener)
    end
    all._current[part] = { listener = opened or current.listener, spot = spot }
    all._current[part].listener:secure(spot.tls)
    all._open[all._current[part].listener] = true
  end
end

-- All of them -----------------------------------------------------------------------------------------

--- Opens what is not open yet. Nothing else happens before `commit`.
---@param spots table<string, usher.gateway.Spot> by part
---@return usher.gateway.Move? move
---@return usher.Error? err names the key to blame; nothing has changed
function Listeners:move(spots)
  local move = setmetatable({ _listeners = self, _opened = {}, _spots = spots }, Move)
  for _, part in ipairs { "callback", "api" } do
    local prepared, err = prepare(move, part, spots[part])
    if not prepared then
      move:undo()
      return nil, err
    end
  end
  return move
end

--- Where a part's listener is: "127.0.0.1:8080", "unix:/run/usher.sock".
---@param part string
---@return string
function Listeners:address(part)
  return self._current[part].listener:address()
end

--- Stops accepting and lets requests under way end, then closes. Waits.
---@param seconds number at most
function Listeners:drain(seconds)
  local drained = {}
  for listener in pairs(self._open) do
    local done = core.future.new()
    table.insert(drained, done)
    core.loop:spawn(function()
      pcall(listener.drain, listener, math.ceil(seconds * 1000))
      done:resolve()
    end)
  end
  for _, done in ipairs(drained) do
    done:wait()
  end
end

--- Closes all at once.
function Listeners:close()
  for listener in pairs(self._open) do
    listener:close()
    self._open[listener] = nil
  end
end

--- No listener is open yet.
---@param handle fun(part: string, request: usher.core.Request): usher.core.Response
---@param error_bodies table<string, fun(status: integer): string, string> by part
---@return usher.gateway.Listeners
function listeners.new(handle, error_bodies)
  return setmetatable(
    { _handle = handle, _error_bodies = error_bodies, _open = {}, _current = {} },
    Listeners
  )
end

return listeners
