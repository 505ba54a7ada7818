-- SPDX-License-Identifier: MIT
-- Receives what providers call: finds the account, has its provider script read the request, and answers once the
-- credential is durable. Knows neither the keeper nor sockets: requests come in as tables, pushes go to a function.

local errors = require "usher.errors"
local index = require "usher.callback.index"
local networks = require "usher.callback.networks"
local refusals = require "usher.callback.refusals"
local replies = require "usher.callback.replies"
local routes = require "usher.callback.routes"
local seen = require "usher.callback.seen"

local callback = {}

---@class usher.Callback
local Callback = {}
Callback.__index = Callback
Callback.__name = "usher.callback"

-- What a provider script's refusal, or the offer's, is on the wire; anything else is not the sender's fault.
local STATUSES = { bad_request = 400, forbidden = 403 }
local STORE_DOWN = 503
local MAX_CREDENTIAL_BYTES = 4096

local function refuse(self, request, status, reason, fields, headers)
  fields = fields or {}
  fields.status, fields.reason, fields.remote = status, reason, request.remote
  self._refusals:note(fields)
  return replies.of(status, headers)
end

-- What a script says of a bad request names a parameter, and none of its values.
local function refuse_for(self, request, err, fields)
  fields = fields or {}
  fields.detail = err.code == "bad_request" and err.message or nil
  return refuse(self, request, STATUSES[err.code] or 400, err.code, fields)
end

-- A provider script may say what the sender wants to read: a body, or a whole response.
local function reply_to(self, push)
  local reply = push.reply
  local whole = type(reply) == "table" and reply or { body = reply }
  local response = replies.of(whole.status or self._reply_status, whole.headers)
  response.body = whole.body or response.body
  return response
end

-- An authorization has one callback: from here on its key is worth nothing, whatever the callback holds.
local function take_authorization(self, key)
  return key and self._authorizations.take(key) or nil
end

-- A credential; or none, where a push need not hold one.
local function may_be_taken(value)
  return value == nil or type(value) == "string" and value ~= "" and #value <= MAX_CREDENTIAL_BYTES
end

-- What the callback holds; of an authorization, an end without a credential is told to whoever waits for it.
local function read(self, request, name, authorization)
  local account = self._accounts[name]
  local context = { now = math.floor(self._clock:wall()), random = self._random }
  context.pending = authorization and authorization.pending
  local push, malformed = account.provider.read_callback(request, account.config, context)
  if push and not (may_be_taken(push.credential) and may_be_taken((push.tenant or {}).credential)) then
    push, malformed = errors.fail("bad_request", "a credential that is none")
  end
  local failure = malformed or push.failure
  if authorization and failure then
    self._authorizations.fail(authorization, failure)
  end
  return push, malformed
end

local function offer(self, name, push, authorization)
  return self._offer(name, {
    subject = push.subject,
    credential = push.credential,
    valid_for = push.valid_for,
    authorization = authorization,
  })
end

-- Answers only after `offer` has returned: the push is durable then, and no outgoing call was waited for. `awaited`:
-- the account without whose authorization the request counts for nothing.
local function receive(self, request, awaited)
  local name, unknown, key = self._index:find(request)
  if name and awaited and not (name == awaited and key) then
    name, unknown = errors.fail "forbidden"
  end
  if not name then
    return refuse_for(self, request, unknown)
  end
  local authorization = take_authorization(self, key)
  local push, malformed = read(self, request, name, authorization)
  if not push then
    return refuse_for(self, request, malformed, { account = name })
  end
  if self._seen:has(name, push.id) then
    return reply_to(self, push)
  end
  if push.credential then
    local ok, err = offer(self, name, push, authorization)
    if not ok then
      return refuse(self, request, STATUSES[err.code] or STORE_DOWN, err.code, { account = name })
    end
  end
  if push.tenant then
    local ok, err = self._offer_tenant(name, push.tenant)
    if not ok then
      return refuse(self, request, STATUSES[err.code] or STORE_DOWN, err.code, { account = name })
    end
  end
  self._seen:add(name, push.id)
  self._log:debug("callback_accepted", { account = name, remote = request.remote })
  return reply_to(self, push)
end

local function guarded(self, handler, ...)
  local ok, response = xpcall(handler, debug.traceback, ...)
  if ok then
    return response
  end
  self._log:error("callback_failed", { error = tostring(response) })
  return replies.of(500)
end

local function methods_of(target)
  local methods = {}
  for method in pairs(target) do
    table.insert(methods, method)
  end
  table.sort(methods)
  return table.concat(methods, ", ")
end

--- The response to a request. Never raises. Waits until a push is durable.
---@param request usher.core.Request
---@return usher.core.Response
function Callback:handle(request)
  if #self._networks > 0 and not self._networks:contains(request.remote) then
    return refuse(self, request, 403, "source")
  end
  local target = self._targets[request.path]
  if not target then
    return refuse(self, request, 404, "unknown_path")
  end
  local handler = target[request.method]
  if not handler then
    return refuse(self, request, 405, "method", nil, { Allow = methods_of(target) })
  end
  return guarded(self, handler, request)
end

--- The response to a redirect that has come to another place of ours, such as a loopback port (RFC 8252, 7.3): it may
--- end an authorization of that account and nothing else. Never raises. Waits until the code is durable.
---@param name string of an account
---@param sent string the redirect's query string
---@return usher.core.Response
function Callback:redirect(name, sent)
  local request = { method = "GET", query = sent, headers = {}, body = "", remote = "redirect" }
  local account = self._accounts[name]
  if not account then
    return refuse(self, request, 403, "unknown_account")
  end
  request.path = account.config.callback_path
  return guarded(self, receive, self, request, name)
end

-- path -> method -> handler, of callbacks and routes alike.
local function targets_of(self, own_routes)
  local targets, err = routes.read(own_routes, self._log)
  if not targets then
    return nil, err
  end
  local function handler(request)
    return receive(self, request)
  end
  for _, path in ipairs(self._index:paths()) do
    if targets[path] then
      local fields = { keys = { "routes" } }
      return errors.fail("bad_configuration", "routes: one has the callback_path of an account", fields)
    end
    targets[path] = { GET = handler, POST = handler }
  end
  return targets
end

local function keep_no_tenant()
  return true
end

---@class usher.callback.Authorizations
---@field find fun(key: string): string? the account whose authorization has this key
---@field take fun(key: string): table? takes it, once, with the `pending` that its script kept
---@field fail fun(authorization: table, failure: {code: string, message: string}) it ended without a credential

local NO_AUTHORIZATIONS = {
  find = function() end,
  take = function() end,
  fail = function() end,
}

---@class usher.callback.options
---@field accounts table<string, {provider: table, config: table}> as the keeper takes them
---@field offer fun(name: string, push: table): true?, usher.Error? durable when it returns; waits
---@field offer_tenant? fun(name: string, push: table): true?, usher.Error? the same for tenants; default: none are kept
---@field log table a logger of `usher.log`
---@field clock usher.Clock
---@field random fun(count: integer): string
---@field allow? string[] source networks; nil or empty: all
---@field routes? table<string, function> "METHOD /path" -> handler
---@field authorizations? usher.callback.Authorizations those that a callback may end; nil: none
---@field seen? usher.callback.Seen what has been accepted before; nil: nothing
---@field reply_status? integer 200: of an accepted push, unless the provider script says what to reply

---@param options usher.callback.options
---@return usher.Callback? callback
---@return usher.Error? err bad_configuration
function callback.new(options)
  local self = setmetatable({}, Callback)
  self._accounts, self._offer, self._log = options.accounts, options.offer, options.log
  self._clock, self._random = options.clock, options.random
  self._offer_tenant = options.offer_tenant or keep_no_tenant
  self._reply_status = options.reply_status or 200
  self._refusals = refusals.new(options.log, options.clock)
  self._seen = options.seen or seen.new(options.clock)
  local err
  self._networks, err = networks.parse(options.allow or {})
  if err then
    return nil, err
  end
  self._authorizations = options.authorizations or NO_AUTHORIZATIONS
  self._index, err = index.new(options.accounts, options.random, self._authorizations.find)
  if err then
    return nil, err
  end
  self._targets, err = targets_of(self, options.routes or {})
  if err then
    return nil, err
  end
  return self
end

return callback
