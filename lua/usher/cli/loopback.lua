-- SPDX-License-Identifier: MIT
-- Awaits a browser's redirect at a port of this machine's loopback addresses that was free (RFC 8252, 7.3), for a
-- command. What the redirect means somebody else knows.

local clock = require "usher.clock"
local core = require "usher.core"

local loopback = {}

local DRAIN_MS = 2000
local TEXT = { ["Content-Type"] = "text/plain; charset=utf-8" }

---@class usher.cli.Loopback
---@field port integer
---@field private _path? string where the redirect is to come
---@field private _give fun(query: string): usher.core.Response?, table?
---@field private _came usher.core.Future
---@field private _listeners usher.core.Listener[]
local Loopback = {}
Loopback.__index = Loopback
Loopback.__name = "usher.cli.loopback"

local function reply(status, text)
  return { status = status, headers = TEXT, body = text .. "\n" }
end

-- Browsers ask for more than they were sent to, icons for one.
local function handle(self, request)
  if request.path ~= self._path then
    return reply(404, "not found")
  elseif request.method ~= "GET" then
    return { status = 405, headers = { Allow = "GET" } }
  end
  local response, err = self._give(request.query)
  self._came:resolve()
  return response or reply(503, "The gateway did not take this: " .. err.message)
end

local function listen(self, host, port)
  local listener, err = core.listener.open {
    host = host,
    port = port,
    handler = function(request)
      return handle(self, request)
    end,
  }
  table.insert(self._listeners, listener)
  return listener, err
end

--- Awaits the redirect at this path; before, nothing is taken.
---@param path string
function Loopback:expect(path)
  self._path = path
end

--- Waits until something has come to the path, and been given on, or so many seconds.
---@param seconds number
function Loopback:wait(seconds)
  clock.system():wait(self._came, seconds)
  self._came = core.future.new()
end

--- Ends once the browser has its answer. Waits; idempotent.
function Loopback:close()
  for _, listener in ipairs(self._listeners) do
    listener:drain(DRAIN_MS)
  end
  self._listeners = {}
end

Loopback.__close = Loopback.close

--- Listens at a free port. A browser may take `localhost` for either family; without IPv6 the other serves.
---@param give fun(query: string): usher.core.Response?, table? the response to a redirect with that query string
---@return usher.cli.Loopback? self
---@return usher.Error? err
function loopback.open(give)
  local self = setmetatable({ _give = give, _listeners = {}, _came = core.future.new() }, Loopback)
  local listener, err = listen(self, "127.0.0.1", 0)
  if not listener then
    return nil, err
  end
  self.port = math.tointeger(tonumber(listener:address():match ":(%d+)$"))
  listen(self, "::1", self.port)
  return self
end

return loopback
