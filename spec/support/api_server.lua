-- SPDX-License-Identifier: MIT
-- The real API over a fake keeper on a Unix socket, and programs that ask it: they run beside this process, which
-- answers them meanwhile.

local api = require "usher.api"
local busted = require "busted"
local core = require "usher.core"
local fake_keeper = require "spec.support.fake_keeper"
local paths = require "spec.support.paths"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"

local api_server = {}

local opened = {}

---@class spec.ApiServer
---@field folder string
---@field listen string the API's address
---@field keeper table a fake keeper
---@field requests usher.core.Request[] what arrived
---@field redirects {[1]: string, [2]: string}[] what the callback was given, by account and query
---@field handler fun(request: usher.core.Request): usher.core.Response may be replaced
local ApiServer = {}
ApiServer.__index = ApiServer

--- Opens it; it is closed at the end of the case.
---@param options? { token?: string, host?: string } `host`: listen on TCP there
---@return spec.ApiServer
function api_server.open(options)
  options = options or {}
  local self = setmetatable({ folder = temporary.folder(), requests = {}, redirects = {} }, ApiServer)
  self.keeper = fake_keeper.new()
  local ready = function()
    return true
  end
  local service = api.new {
    keeper = self.keeper,
    token = options.token,
    is_tcp = options.host ~= nil,
    ready = ready,
    redirect = function(...)
      table.insert(self.redirects, { ... })
      return { status = 200, headers = {}, body = "Thank you." }
    end,
  }
  self.handler = function(request)
    return service:handle(request)
  end
  self._listener = assert(core.listener.open {
    host = options.host,
    port = options.host and 0,
    path = not options.host and self.folder .. "/usher.sock" or nil,
    handler = function(request)
      table.insert(self.requests, request)
      return self.handler(request)
    end,
  })
  self.listen = self._listener:address()
  table.insert(opened, self)
  return self
end

--- Runs `usher` against it.
---@param arguments string[]
---@param environment? table<string, string>
---@return integer status
---@return string stdout
---@return string stderr
function ApiServer:usher(arguments, environment)
  environment = environment or {}
  environment.USHER_API_LISTEN = environment.USHER_API_LISTEN or self.listen
  return process.run(self.folder, { paths.root .. "/bin/usher", table.unpack(arguments) }, environment)
end

--- Runs Lua code with the checkout's modules.
---@param code string
---@return integer status
---@return string stdout
---@return string stderr
function ApiServer:lua(code)
  local set_up = ("package.path, package.cpath = %q, %q "):format(package.path, package.cpath)
  return process.run(self.folder, { "lua5.4", "-e", set_up .. code })
end

-- Before the audit, which subscribed first.
busted.subscribe({ "test", "end" }, function()
  for _, server in ipairs(opened) do
    server._listener:close()
    temporary.remove(server.folder)
  end
  opened = {}
  return nil, true
end, { priority = 1 })

return api_server
