-- SPDX-License-Identifier: MIT
-- Joins the parts: store, keeper, callback and api, with a listener for each of the last two. Starts them in that
-- order, undoes on failure what it did, and stops them in the other order. Settings may change meanwhile.

local clock = require "usher.clock"
local core = require "usher.core"
local description = require "usher.gateway.description"
local errors = require "usher.errors"
local keeper = require "usher.keeper"
local listeners = require "usher.gateway.listeners"
local log = require "usher.log"
local parts = require "usher.gateway.parts"
local requests = require "usher.gateway.requests"
local seen = require "usher.callback.seen"
local supervisor = require "usher.gateway.supervisor"
local trust = require "usher.config.trust"
local version = require "usher.version"

local gateway = {}

-- Who holds a lease. The same after a restart, so that an attempt which the last run left is taken up at once; the
-- store is locked to one process.
local OWNER = "gateway"

local PROBE_SECONDS = 2
local LAST_WORD_SECONDS = 0.25 -- of the draining: for answers to who still waits

---@class usher.Gateway
local Gateway = {}
Gateway.__index = Gateway
Gateway.__name = "usher.gateway"

local function random(count)
  return assert(core.random.bytes(count))
end

-- Asks the store, no longer than a probe waits: the keeper knows only how its last write went.
local function does_store_answer(self)
  local answered = core.future.new()
  core.loop:spawn(function()
    answered:resolve(self._store:names())
  end)
  return self._clock:wait(answered, PROBE_SECONDS) ~= nil
end

local function readiness(self)
  if not self._is_serving then
    return false, "starting or stopping"
  elseif not self._keeper:is_store_up() or not does_store_answer(self) then
    return false, "the store does not answer"
  end
  return true
end

-- Where this machine's own browser reaches the callback listener; nil: that has no such place.
local function callback_url(self, path)
  local address = self._listeners:address "callback"
  local is_loopback = address:find "^127%." or address:find "^%[::1%]:"
  local is_plain = not self._parts.spots.callback.tls
  return is_loopback and is_plain and ("http://%s%s"):format(address, path) or nil
end

local function make_keeper(self, settings)
  return keeper.new {
    store = settings.store,
    accounts = settings.accounts,
    transfer = core.transfer.perform,
    clock = self._clock,
    log = self._log,
    random = random,
    owner = OWNER,
    callback_url = function(path)
      return callback_url(self, path)
    end,
    on_event = function(event)
      self._parts.on_event(event)
    end,
  }
end

local function surroundings(self)
  return {
    keeper = self._keeper,
    log = self._log,
    clock = self._clock,
    random = random,
    requests = self._requests.counts,
    seen = self._seen,
    ready = function()
      return readiness(self)
    end,
    reload = function()
      return self:reload()
    end,
  }
end

local function conceal(self, settings)
  for _, secret in ipairs(parts.secrets(settings)) do
    self._log:conceal(secret)
  end
end

local function release(self, settings)
  for _, secret in ipairs(parts.secrets(settings)) do
    self._log:release(secret)
  end
end

-- starting --------------------------------------------------------------------------------------------

local function socket_warnings(self)
  local path = self._parts.spots.api.address.path
  return path and trust.socket_warnings(path) or {}
end

local function warn(self, settings)
  for _, warnings in ipairs { description.warnings(settings, self._clock:wall()), socket_warnings(self) } do
    for _, warning in ipairs(warnings) do
      self._log:warn(warning.event, warning.fields)
    end
  end
end

local function report(self, event)
  self._log:info(event, {
    version = version,
    callback = self._listeners:address "callback",
    api = self._listeners:address "api",
  })
  warn(self, self._parts.settings)
end

local function open_listeners(self)
  local move, err = self._listeners:move(self._parts.spots)
  if move then
    move:commit()
  end
  return move ~= nil, err
end

local function start_parts(self)
  local ok, err = self._store:open()
  if not ok then
    return nil, err
  end
  ok, err = self._keeper:start()
  if ok then
    self._is_keeper_started = true
    ok, err = open_listeners(self)
  end
  return ok, err
end

local function stop_parts(self)
  self._listeners:close()
  if self._is_keeper_started then
    self._keeper:stop()
    self._is_keeper_started = false
  end
  self._store:close()
  core.loop:on_error(self._previous_sink)
end

--- Opens the store, starts the keeper, and listens. On failure nothing stays open. Waits.
---@return true? ok
---@return usher.Error? err
function Gateway:start()
  self._previous_sink = core.loop:on_error(function(message)
    self._log:error("handler_failed", { error = message })
  end)
  local ok, err = start_parts(self)
  if not ok then
    stop_parts(self)
    return nil, err
  end
  self._is_serving = true
  report(self, "gateway_started")
  self._supervisor:ready()
  return true
end

-- changing --------------------------------------------------------------------------------------------

-- All that can fail comes first; what was opened for it is closed again then.
local function change(self, settings)
  if not self._store:is_same(settings.store) then
    return errors.fail("bad_configuration", "store has changed: that takes a restart")
  end
  local made, err = parts.make(settings, surroundings(self))
  local move
  if made then
    move, err = self._listeners:move(made.spots)
  end
  if not move then
    return nil, err
  end
  local applied
  applied, err = self._keeper:apply(settings.accounts)
  if not applied then
    move:undo()
    return nil, err
  end
  move:commit()
  self._parts = made
  self._log:configure(settings.log)
  return true
end

local function read_and_change(self, raw)
  local err
  if not raw and not self._load then
    return errors.fail("bad_configuration", "this gateway has no configuration that could be read again")
  elseif not raw then
    raw, err = self._load()
  end
  local settings = raw
  if raw then
    settings, err = description.read(raw)
  end
  if not settings then
    return nil, err
  end
  local before = self._parts.settings
  conceal(self, settings)
  local changed
  changed, err = change(self, settings)
  release(self, changed and before or settings)
  return changed, err
end

-- One at a time: each begins when the one before it has ended.
local function enter(self)
  while self._reloading do
    self._reloading:wait()
  end
  self._reloading = core.future.new()
  if self._is_serving then
    self._supervisor:reloading()
  end
end

local function leave(self)
  local ended = self._reloading
  self._reloading = nil
  if self._is_serving then
    self._supervisor:ready()
  end
  ended:resolve()
end

--- Takes other settings: those of a description, or those that `options.load` reads. All or nothing: where something
--- is wrong with them, everything stays as it is. Waits.
---@param raw? usher.gateway.Description
---@return true? ok
---@return usher.Error? err bad_configuration, and what opening listeners and reading the store may end with
function Gateway:reload(raw)
  enter(self)
  local ran, ok, err
  if self._is_serving then
    ran, ok, err = xpcall(read_and_change, debug.traceback, self, raw)
  else
    ran, err = true, errors.new("temporarily_unavailable", "starting or stopping")
  end
  leave(self)
  if ran and ok then
    report(self, "gateway_reloaded")
    return true
  end
  self._log:error("reload_failed", { error = ran and err.message or tostring(ok) })
  return nil, ran and err or errors.new "internal"
end

-- stopping --------------------------------------------------------------------------------------------

--- Stops accepting, lets requests under way end, then closes everything. Called again while it drains, it cuts the
--- draining short. Waits until all is closed.
---@param seconds? number how long requests may take to end, 0
function Gateway:stop(seconds)
  if self._stopped then
    self._listeners:close()
    self._stopped:wait()
    return
  elseif not self._is_serving then
    return
  end
  self._stopped, self._is_serving = core.future.new(), false
  self._log:info("gateway_stopping", {})
  self._supervisor:stopping()
  if self._reloading then
    self._reloading:wait()
  end
  self._keeper:dismiss()
  local _ <close> = self._clock:timer(math.max(0, (seconds or 0) - LAST_WORD_SECONDS), function()
    self._keeper:dismiss(true)
  end)
  self._listeners:drain(seconds or 0)
  stop_parts(self)
  self._log:info("gateway_stopped", {})
  self._stopped:resolve()
end

--- Where the listeners are, once started: "127.0.0.1:8080", "unix:/run/usher.sock".
---@return {callback: string, api: string}
function Gateway:addresses()
  return { callback = self._listeners:address "callback", api = self._listeners:address "api" }
end

--- What it runs, or would run: the description with defaults, secrets read.
---@return usher.gateway.Description
function Gateway:settings()
  return self._parts.settings
end

---@class usher.gateway.options
---@field clock? usher.Clock
---@field log? usher.Logger
---@field supervisor? usher.gateway.Supervisor who is told of start, reload and end; default: nobody
---@field load? fun(): usher.gateway.Description?, usher.Error? reads the configuration anew, for a reload

--- A gateway that has opened nothing yet.
---@param raw usher.gateway.Description
---@param options? usher.gateway.options
---@return usher.Gateway? gateway
---@return usher.Error? err bad_configuration
function gateway.new(raw, options)
  options = options or {}
  local settings, err = description.read(raw)
  if not settings then
    return nil, err
  end
  local self = setmetatable({ _store = settings.store, _load = options.load }, Gateway)
  self._requests = requests.new()
  self._supervisor = options.supervisor or supervisor.new(function() end)
  self._clock = options.clock or clock.system()
  self._seen = seen.new(self._clock)
  self._log = options.log or log.new(settings.log)
  conceal(self, settings)
  self._keeper = make_keeper(self, settings)
  self._parts, err = parts.make(settings, surroundings(self))
  if not self._parts then
    return nil, err
  end
  self._listeners = listeners.new(function(part, request)
    return self._requests:handle(part, self._parts[part], request)
  end, parts.ERROR_BODIES)
  return self
end

return gateway
