-- SPDX-License-Identifier: MIT
-- Who may ask at all: Host against DNS rebinding, Origin and Sec-Fetch-Site against web pages (sockets are
-- forwarded to browsers too), and the bearer token where any local user could connect.

local core = require "usher.core"
local errors = require "usher.errors"

local guards = {}

---@class usher.api.Guards
local Guards = {}
Guards.__index = Guards
Guards.__name = "usher.api.guards"

local LOOPBACK_HOSTS = { "localhost", "127.0.0.1", "[::1]" }

-- Probes carry no credentials.
local OPEN_PATHS = { ["/livez"] = true, ["/readyz"] = true }

-- Sec-Fetch-Site of requests that no other site's page caused.
local OWN_SITES = { ["same-origin"] = true, none = true }

local function host_name(host)
  return (host:lower():gsub(":%d*$", ""))
end

local function is_own_host(self, host)
  return host ~= nil and self._hosts[host_name(host)] ~= nil
end

-- A page that this listener itself served could send only this origin.
local function is_own_origin(origin, host)
  origin, host = origin:lower(), host:lower()
  return origin == "http://" .. host or origin == "https://" .. host
end

local function has_bearer(self, authorization)
  local scheme, presented = (authorization or ""):match "^(%a+) +(%S+)$"
  return scheme ~= nil and scheme:lower() == "bearer" and core.secret.equal(self._token, presented)
end

--- Whether the request may be answered.
---@param request usher.core.Request
---@return true? ok
---@return usher.Error? err misdirected, forbidden, or unauthorized
function Guards:check(request)
  local headers = request.headers
  if not is_own_host(self, headers.host) then
    return errors.fail "misdirected"
  end
  local site = headers["sec-fetch-site"]
  if headers.origin and not is_own_origin(headers.origin, headers.host) or site and not OWN_SITES[site] then
    return errors.fail("forbidden", "not for web pages of other origins")
  end
  if self._token and not OPEN_PATHS[request.path] and not has_bearer(self, headers.authorization) then
    return errors.fail "unauthorized"
  end
  return true
end

---@class usher.api.guards.options
---@field hosts? string[] host names besides the loopback ones, without ports
---@field is_tcp boolean
---@field token? usher.core.Secret|string the bearer token: asked for on TCP, where it must be given

---@param options usher.api.guards.options
---@return usher.api.Guards
function guards.new(options)
  assert(options.token or not options.is_tcp, "an API on TCP needs a bearer token")
  local hosts = {}
  for _, list in ipairs { LOOPBACK_HOSTS, options.hosts or {} } do
    for _, host in ipairs(list) do
      hosts[host:lower()] = true
    end
  end
  return setmetatable({ _hosts = hosts, _token = options.is_tcp and options.token or nil }, Guards)
end

return guards
