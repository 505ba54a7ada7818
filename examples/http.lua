-- SPDX-License-Identifier: MIT
-- usher.http in use: a listener, and requests to it from plain code and from its own handlers.
--
--     lua5.4 examples/http.lua

local usher = require "usher"

local http, json = usher.http, usher.json

local function greet(request)
  local parameters, err = http.parameters(request)
  local name = parameters and parameters:get "name"
  if not name then
    return { status = 400, body = tostring(err or "name is missing") }
  end
  return {
    status = 200,
    headers = { ["Content-Type"] = "application/json" },
    body = json.encode { greeting = "hello " .. name },
  }
end

local listener

-- A handler is a task: where it waits for another server it yields, and other requests are answered meanwhile.
local function relay(request)
  local url = ("http://%s/greet?%s"):format(listener:address(), request.query)
  local response, err = http.request { method = "GET", url = url, timeout_ms = 5000 }
  if not response then
    return { status = 502, body = err.message }
  end
  return { status = response.status, body = "relayed: " .. response.body }
end

local ROUTES = { ["/greet"] = greet, ["/relay"] = relay }

listener = assert(http.listen {
  host = "127.0.0.1",
  port = 0, -- the system chooses
  handler = function(request)
    local route = ROUTES[request.path]
    return route and route(request) or { status = 404, body = "not found" }
  end,
})

local function show(path, method, body)
  local response, err = http.request {
    method = method or "GET",
    url = ("http://%s%s"):format(listener:address(), path),
    headers = body and { ["Content-Type"] = "application/x-www-form-urlencoded" },
    body = body,
  }
  print(path, response and response.status or err, response and response.body)
end

show("/greet?name=" .. http.percent_encode "Ada Lovelace")
show("/greet", "POST", "name=Grace")
show "/greet"
show "/relay?name=Alan"
show "/nowhere"

-- What a URL carries, decoded by the rules that callbacks are read by.
local parameters = assert(http.query "code=a%2Bb&state=1&state=2")
print("code", parameters:get "code", http.percent_decode "a%2Bb")
print("state", parameters:get "state")

listener:close()
