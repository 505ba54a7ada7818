-- SPDX-License-Identifier: MIT
-- Joins the parts: store, keeper, callback and api, with a listener for each of the last two. Starts them in that
-- order, undoes on failure what it did, and stops them in the other order.

local api = require "usher.api"
local api_replies = require "usher.api.replies"
local callback = require "usher.callback"
local callback_replies = require "usher.callback.replies"
local clock = require "usher.clock"
local core = require "usher.core"
local errors = require "usher.errors"
local hooks = require "usher.gateway.hooks"
local keeper = require "usher.keeper"
local listen = require "usher.config.listen"
local log = require "usher.log"
local requests = require "usher.gateway.requests"
local rules = require "usher.config.rules"
local version = require "usher.version"

local gateway = {}

-- Who holds a lease. The same after a restart, so that an attempt which the last run left is taken up at once; the
-- store is locked to one process.
local OWNER = "gateway"

local DEFAULT_CALLBACK_PATH = "/callback"
local PROBE_SECONDS = 2
local SECRET_SEGMENT_BYTES = 16

---@class usher.Gateway
local Gateway = {}
Gateway.__index = Gateway
Gateway.__name = "usher.gateway"

local function random(count)
  return assert(core.random.bytes(count))
end

local function read_address(text, key)
  local address, reason = listen.parse(text)
  if not address then
    return errors.fail("bad_configuration", ("%s %s"):format(key, reason))
  end
  return address
end

-- A path may hold a secret segment; nothing logs paths, and this keeps what others report clean.
local function conceal_path(logger, path)
  if path ~= DEFAULT_CALLBACK_PATH then
    logger:conceal(path)
  end
  for segment in path:gmatch "[^/]+" do
    if #segment >= SECRET_SEGMENT_BYTES then
      logger:conceal(segment)
    end
  end
end

local function conceal_secrets(self)
  local description = self._description
  if description.api.token then
    self._log:conceal(description.api.token)
  end
  for _, account in pairs(description.accounts) do
    conceal_path(self._log, account.config.callback_path)
    if account.config.api_key then
      self._log:conceal(account.config.api_key)
    end
  end
end

local function fill_callback_paths(description)
  for _, account in pairs(description.accounts) do
    account.config.callback_path = account.config.callback_path
      or description.callback.path
      or DEFAULT_CALLBACK_PATH
  end
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

local function make_keeper(self)
  local description = self._description
  return keeper.new {
    store = description.store,
    accounts = description.accounts,
    transfer = core.transfer.perform,
    clock = self._clock,
    log = self._log,
    random = random,
    owner = OWNER,
    on_event = hooks.new(description.on or {}, self._log),
  }
end

local function make_callback(self)
  local description = self._description
  return callback.new {
    accounts = description.accounts,
    offer = function(name, push)
      return self._keeper:offer(name, push)
    end,
    allow = description.callback.allow,
    reply_status = description.callback.reply_status,
    routes = description.routes,
    log = self._log,
    clock = self._clock,
    random = random,
  }
end

local function own_hosts(address, configured)
  local hosts = { table.unpack(configured or {}) }
  if address.host then
    table.insert(hosts, address.host:find ":" and ("[%s]"):format(address.host) or address.host)
  end
  return hosts
end

local function make_api(self)
  local options = self._description.api
  return api.new {
    keeper = self._keeper,
    token = options.token,
    is_tcp = self._api_address.host ~= nil,
    hosts = own_hosts(self._api_address, options.hosts),
    requests = self._requests.counts,
    ready = function()
      return readiness(self)
    end,
  }
end

-- Makes all parts; opens nothing.
local function prepare(self)
  local description = self._description
  local err
  fill_callback_paths(description)
  conceal_secrets(self)
  self._callback_address, err = read_address(description.callback.listen, "callback.listen")
  if err then
    return nil, err
  end
  self._api_address, err = read_address(description.api.listen, "api.listen")
  if err then
    return nil, err
  end
  local violation = rules.violation(description)
  if violation then
    return errors.fail("bad_configuration", ("%s %s"):format(violation.path, violation.reason))
  end
  self._callback, err = make_callback(self)
  if err then
    return nil, err
  end
  self._store = description.store
  self._keeper = make_keeper(self)
  self._api = make_api(self)
  return true
end

-- starting --------------------------------------------------------------------------------------------

local function open_listener(self, name, address, replies, mode)
  local part = self["_" .. name]
  local listener, err = core.listener.open {
    host = address.host,
    port = address.port,
    path = address.path,
    mode = mode and tonumber(mode, 8),
    handler = function(request)
      return self._requests:handle(name, part, request)
    end,
    error_body = replies.body,
  }
  if not listener then
    return errors.fail(err.code, ("%s.listen: %s"):format(name, err.message))
  end
  return listener
end

-- Sockets of the API belong to one group, where the operator names it.
local function share_socket(self)
  local path, group = self._api_address.path, self._description.api.group
  if path and group then
    local ok, err = core.file.set_group(path, group)
    if not ok then
      return errors.fail("bad_configuration", ("api.group %s: %s"):format(group, err.message))
    end
  end
  return true
end

local function open_listeners(self)
  local listeners = self._listeners
  local err
  listeners.callback, err = open_listener(self, "callback", self._callback_address, callback_replies)
  if err then
    return nil, err
  end
  listeners.api, err = open_listener(self, "api", self._api_address, api_replies, self._description.api.mode)
  if err then
    return nil, err
  end
  return share_socket(self)
end

local function close_listeners(self)
  for key, listener in pairs(self._listeners) do
    listener:close()
    self._listeners[key] = nil
  end
end

local function warn(self)
  if not listen.is_local(self._callback_address) then
    self._log:warn("callback_plain_http", { listen = self._listeners.callback:address() })
  end
  for name, account in pairs(self._description.accounts) do
    if not account.subject then
      self._log:warn("subject_not_pinned", { account = name })
    end
  end
end

local function report_start(self)
  local fields = { version = version, callback = self._listeners.callback:address() }
  fields.api = self._listeners.api:address()
  self._log:info("gateway_started", fields)
  warn(self)
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
  close_listeners(self)
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
  report_start(self)
  return true
end

-- stopping --------------------------------------------------------------------------------------------

local function drain_listeners(self, seconds)
  local drained = {}
  for _, listener in pairs(self._listeners) do
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

--- Stops accepting, lets requests under way end, then closes everything. Called again while it drains, it cuts the
--- draining short. Waits until all is closed.
---@param seconds? number how long requests may take to end, 0
function Gateway:stop(seconds)
  if self._stopped then
    close_listeners(self)
    self._stopped:wait()
    return
  elseif not self._is_serving then
    return
  end
  self._stopped, self._is_serving = core.future.new(), false
  self._log:info("gateway_stopping", {})
  drain_listeners(self, seconds or 0)
  stop_parts(self)
  self._log:info("gateway_stopped", {})
  self._stopped:resolve()
end

--- Where the listeners are, once started: "127.0.0.1:8080", "unix:/run/usher.sock".
---@return {callback: string, api: string}
function Gateway:addresses()
  return { callback = self._listeners.callback:address(), api = self._listeners.api:address() }
end

---@class usher.gateway.Description what a configuration file returns
---@field callback {listen: string, plain: boolean?, path: string?, allow: string[]?, reply_status: integer?}
---@field api {listen: string, mode: string?, group: string?, token: usher.core.Secret|string|nil, hosts: string[]?}
---@field store table a store of `usher.store.*`, not open yet
---@field accounts table<string, table> made by `usher.provider.*`
---@field routes? table<string, function>
---@field on? table<string, function>
---@field log? {level: string?, format: string?}

--- A gateway that has opened nothing yet.
---@param description usher.gateway.Description
---@param options? {clock: usher.Clock?, log: usher.Logger?}
---@return usher.Gateway? gateway
---@return usher.Error? err bad_configuration
function gateway.new(description, options)
  options = options or {}
  local self = setmetatable({ _description = description, _listeners = {} }, Gateway)
  self._requests = requests.new()
  self._clock = options.clock or clock.system()
  self._log = options.log or log.new(description.log)
  local ok, err = prepare(self)
  if not ok then
    return nil, err
  end
  return self
end

return gateway
