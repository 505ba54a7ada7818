-- SPDX-License-Identifier: MIT
-- The local HTTP API: which request is answered by what. Knows a keeper, not sockets: requests come in as tables.

local accounts = require "usher.api.accounts"
local errors = require "usher.errors"
local guards = require "usher.api.guards"
local health = require "usher.api.health"
local metrics = require "usher.api.metrics"
local replies = require "usher.api.replies"
local visibility = require "usher.api.visibility"

local api = {}

---@class usher.Api
local Api = {}
Api.__index = Api
Api.__name = "usher.api"

local function live()
  return health.live()
end

local function ready(self)
  return health.ready(self._ready)
end

local function keeper_for(self, request)
  return visibility.of(self._keeper, self._access, request.peer)
end

local function show_metrics(self, request)
  return metrics.answer(keeper_for(self, request), self._requests)
end

-- What is wrong with the configuration may name any account. The gateway's own user may read that and send SIGHUP
-- anyway: a service manager runs `usher reload` as that user.
local function may_reload(self, peer)
  return not visibility.is_limited(self._access, peer) or peer and peer.uid == self._own_user
end

-- What time does not mend is wrong with the configuration.
local function reload(self, request)
  if not may_reload(self, request.peer) then
    return replies.failure(errors.new("forbidden", "only for those who may ask for every account"))
  end
  local ok, err = self._reload()
  if ok then
    return replies.json(200, { reloaded = true })
  elseif err.retryable or err.code == "internal" then
    return replies.failure(err)
  end
  return replies.failure(errors.new("bad_configuration", err.message))
end

local function on_keeper(handler)
  return function(self, request, ...)
    return handler(keeper_for(self, request), request, ...)
  end
end

local function redirect(self, request, ...)
  return accounts.redirect(self._redirect)(keeper_for(self, request), request, ...)
end

-- Pattern of the path, the one method, and the handler of (self, request, captured segments).
local ROUTES = {
  { "^/livez$", "GET", live },
  { "^/readyz$", "GET", ready },
  { "^/metrics$", "GET", show_metrics },
  { "^/v1/reload$", "POST", reload },
  { "^/v1/accounts$", "GET", on_keeper(accounts.list) },
  { "^/v1/accounts/([^/]+)$", "GET", on_keeper(accounts.document) },
  { "^/v1/accounts/([^/]+)/token$", "GET", on_keeper(accounts.token) },
  { "^/v1/accounts/([^/]+)/refresh$", "POST", on_keeper(accounts.refresh) },
  { "^/v1/accounts/([^/]+)/tenants$", "GET", on_keeper(accounts.tenants) },
  { "^/v1/accounts/([^/]+)/tenants/([^/]+)/token$", "GET", on_keeper(accounts.tenant_token) },
  { "^/v1/accounts/([^/]+)/tenants/([^/]+)/refresh$", "POST", on_keeper(accounts.tenant_refresh) },
  { "^/v1/accounts/([^/]+)/authorize$", "POST", on_keeper(accounts.authorize) },
  { "^/v1/accounts/([^/]+)/authorization$", "GET", on_keeper(accounts.authorization) },
  { "^/v1/accounts/([^/]+)/redirect$", "POST", redirect },
  { "^/v1/accounts/([^/]+)/revoke$", "POST", on_keeper(accounts.revoke) },
}

--- Every route there is, for the documentation.
api.ROUTES = ROUTES

local function unauthorized(err)
  local response = replies.failure(err)
  response.headers["WWW-Authenticate"] = 'Bearer realm="usher"'
  return response
end

local function wrong_method(method)
  local response = replies.failure(errors.new "method_not_allowed")
  response.headers.Allow = method
  return response
end

local function route(self, request)
  for _, entry in ipairs(ROUTES) do
    local pattern, method, handler = table.unpack(entry)
    local segment, other = request.path:match(pattern)
    if segment and request.method ~= method then
      return wrong_method(method)
    elseif segment then
      return handler(self, request, segment, other)
    end
  end
  return replies.failure(errors.new "not_found")
end

--- The response to a request. Waits as long as the keeper does.
---@param request usher.core.Request
---@return usher.core.Response
function Api:handle(request)
  local ok, err = self._guards:check(request)
  if ok then
    return route(self, request)
  elseif err.code == "unauthorized" then
    return unauthorized(err)
  end
  return replies.failure(err)
end

---@class usher.api.options: usher.api.guards.options
---@field keeper table a `usher.keeper`
---@field requests? table<string, table<integer, integer>> counts of answers: listener -> status -> count
---@field access? usher.api.Access who may ask for which account; default: everybody
---@field own_user? integer whom this process runs as
---@field reload fun(): true?, usher.Error? reads the configuration anew; waits
---@field redirect fun(name: string, query: string): usher.core.Response the callback's answer to a redirect; waits
---@field ready fun(): boolean, string? whether the store answers and the listeners are up, else why not

---@param options usher.api.options
---@return usher.Api
function api.new(options)
  return setmetatable({
    _keeper = options.keeper,
    _ready = options.ready,
    _requests = options.requests or {},
    _access = options.access or {},
    _own_user = options.own_user,
    _reload = options.reload,
    _redirect = options.redirect,
    _guards = guards.new(options),
  }, Api)
end

return api
