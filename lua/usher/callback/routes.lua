-- SPDX-License-Identifier: MIT
-- The operator's own handlers on the callback listener: `["POST /video-status"] = function(request) ... end`.

local errors = require "usher.errors"
local operator = require "usher.operator"
local replies = require "usher.callback.replies"
local values = require "usher.config.values"

local routes = {}

-- Written by the core alone.
local OWN_HEADERS =
  { ["content-length"] = true, connection = true, date = true, ["transfer-encoding"] = true }

-- RFC 9110, 5.1 and 5.5: a token for a name, no control character but HT in the value.
local function is_header(name, value)
  if type(name) ~= "string" or type(value) ~= "string" or OWN_HEADERS[name:lower()] then
    return false
  end
  return name:find "^[%w!#$%%&'*+.^_`|~-]+$" ~= nil and not value:find "[\0-\8\10-\31\127]"
end

local function are_headers(headers)
  for name, value in pairs(headers) do
    if not is_header(name, value) then
      return false
    end
  end
  return true
end

-- What is wrong with a handler's answer, or nil.
local function fault_of(response)
  if type(response) ~= "table" then
    return "the handler returned no table"
  end
  local status, headers, body = response.status, response.headers, response.body
  if math.type(status) ~= "integer" or status < 200 or status > 599 then
    return "status is not a whole number from 200 to 599"
  end
  if headers ~= nil and (type(headers) ~= "table" or not are_headers(headers)) then
    return "headers is not a table of names and one-line texts, or has one of the core's own"
  end
  return body ~= nil and type(body) ~= "string" and "body is not a string" or nil
end

local function copy_request(request)
  local copy = {}
  for _, field in ipairs { "method", "path", "query", "headers", "body", "remote" } do
    copy[field] = request[field]
  end
  return copy
end

-- A fault in the handler is the operator's to see and the sender's to know only as a 500.
local function guarded(key, handler, log)
  local place = operator.place(handler)
  return function(request)
    local ok, response = operator.call(handler, copy_request(request))
    local fault = ok and fault_of(response) or not ok and response
    if fault then
      log:error("route_failed", { route = key, place = place, error = fault })
      return replies.of(500)
    end
    local closes = response.status >= 400 or nil -- as every refusal on this listener does
    return { status = response.status, headers = response.headers, body = response.body, close = closes }
  end
end

local function refuse(key, message)
  local fields = { keys = { "routes", tostring(key) } }
  return errors.fail("bad_configuration", message:format(tostring(key)), fields)
end

--- Reads the table of routes.
---@param handlers table<string, function> "METHOD /path" -> handler of a request, which returns a response
---@param log table a logger of `usher.log`
---@return table<string, table<string, function>>? routes path -> method -> handler that never raises
---@return usher.Error? err bad_configuration
function routes.read(handlers, log)
  local paths = {}
  for key, handler in pairs(handlers) do
    local method, path = tostring(key):match "^(%u+) (/[\x21-\x7e]*)$"
    if not method or path:find "[?#]" then
      return refuse(key, 'routes: %q is not "METHOD /path"')
    elseif not values.handler.check(handler) then
      return refuse(key, "routes[%q] is not a function")
    end
    paths[path] = paths[path] or {}
    paths[path][method] = guarded(key, handler, log)
  end
  return paths
end

return routes
