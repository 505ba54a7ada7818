-- SPDX-License-Identifier: MIT
-- A gateway and a simulated provider as processes, in a folder of their own, and a consumer that asks by curl: what an
-- operator would have on one machine.

local child = require "spec.support.child"
local clock = require "usher.clock"
local json = require "usher.json"
local paths = require "spec.support.paths"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"

local world = {}

local CHECKOUT = paths.root .. "/bin/usher"
-- Without a sanitizer's preloaded runtime, under which curl may wait for itself forever.
local CURL = "env -u LD_PRELOAD curl --silent --show-error --max-time 20 --write-out '\\n%%{http_code}' %s %s"

---@class spec.World
---@field folder string
---@field state_dir string
---@field environment table<string, string> of the gateway and of client commands
---@field program string the command `usher`
---@field config? string configuration file of the gateway
---@field simulator_options table<string, string|number> `--push-interval` and so on
local World = {}
World.__index = World

--- Asks by curl.
---@param url string
---@param options? string further words for curl
---@return integer status
---@return string body
---@return any value the body as JSON, where it is that
function World.curl(url, options)
  local pipe <close> = assert(io.popen(CURL:format(options or "", child.quote(url))))
  local body, status = pipe:read("a"):match "^(.*)\n(%d+)$"
  assert(body, "curl failed: " .. url)
  return math.tointeger(tonumber(status)), body, (json.decode(body))
end

--- Asks the API on its socket.
---@param path string
---@param options? string
function World:ask(path, options)
  local socket = "--unix-socket " .. child.quote(self.state_dir .. "/usher.sock")
  return self.curl("http://localhost" .. path, socket .. " " .. (options or ""))
end

--- Asks the simulator.
---@param path string
---@param options? string
function World:ask_provider(path, options)
  return self.curl(("http://127.0.0.1:%d%s"):format(self._provider_port, path), options)
end

--- What the simulator has noted, as tables.
---@param kind? string
---@return table[]
function World:ledger(kind)
  local _, body = self:ask_provider "/ledger"
  local entries = {}
  for line in body:gmatch "[^\n]+" do
    local entry = assert(json.decode(line))
    if not kind or entry.kind == kind then
      table.insert(entries, entry)
    end
  end
  return entries
end

--- Where the provider pushes to.
---@return string
function World:callback_url()
  return ("http://127.0.0.1:%d%s"):format(
    self._callback_port,
    self.environment.USHER_CALLBACK_PATH or "/callback"
  )
end

--- Has the gateway serve its API on TCP.
---@param token string the bearer token
function World:serve_api_on_tcp(token)
  self.environment.USHER_API_LISTEN = "127.0.0.1:" .. process.free_port()
  self.environment.USHER_API_TOKEN = token
end

--- Where the API is on TCP.
---@return string
function World:api_url()
  return "http://" .. self.environment.USHER_API_LISTEN
end

--- A file of that many bytes.
---@param bytes integer
---@return string path
function World:large_file(bytes)
  local path = self.folder .. "/large"
  temporary.write(path, ("x"):rep(bytes))
  return path
end

--- Runs a command of usher to its end.
---@param ... string its arguments
---@return integer status
---@return string stdout
---@return string stderr
function World:usher(...)
  return process.run(self.folder, { self.program, ... }, self.environment)
end

--- Has a program killed at the end.
---@param started spec.Process
---@return spec.Process started
function World:keep(started)
  table.insert(self._processes, started)
  return started
end

--- Starts the simulator, which pushes its first code at once: start the gateway before.
---@return spec.Process
function World:start_simulator()
  local command = { self.program, "simulate", "--listen", "127.0.0.1:" .. self._provider_port }
  table.move({ "--callback", self:callback_url() }, 1, 2, #command + 1, command)
  for name, value in pairs(self.simulator_options) do
    table.insert(command, name)
    table.insert(command, tostring(value))
  end
  local simulator =
    self:keep(process.start(self.folder, "simulator", command, { MEMORIES_API_KEY = self.api_key }))
  simulator:await "event=simulator_listening"
  return simulator
end

--- Starts a gateway, without waiting for it.
---@param name? string of its output files
---@return spec.Process
function World:start(name)
  return self:keep(
    process.start(self.folder, name or "gateway", { self.program, "run", self.config }, self.environment)
  )
end

--- Starts the gateway and waits until it serves.
---@return spec.Process
function World:start_gateway()
  local gateway = self:start()
  gateway:await "event=gateway_started"
  return gateway
end

--- Waits for a token of the account.
---@return table answer of the API
function World:await_token()
  return process.await("a token", function()
    local status, _, answer = self:ask "/v1/accounts/default/token"
    return status == 200 and answer
  end)
end

--- Lets real time pass.
---@param seconds number
function World.sleep(seconds)
  clock.system():sleep(seconds)
end

--- Kills what still runs, each program whatever became of the others, and removes the folder.
function World:close()
  local faults = {}
  for _, started in ipairs(self._processes) do
    local closed, message = pcall(started.close, started)
    table.insert(faults, not closed and message or nil)
  end
  temporary.remove(self.folder)
  assert(#faults == 0, table.concat(faults, "\n"))
end

World.__close = World.close

--- A world in which nothing runs yet.
---@param options? { simulator?: table, environment?: table, program?: string, config?: string }
---@return spec.World
function world.new(options)
  options = options or {}
  local self = setmetatable({ folder = temporary.folder(), _processes = {} }, World)
  self.program, self.config = options.program or CHECKOUT, options.config
  self.api_key = "sk-acceptance-0123456789abcdef"
  self.state_dir = self.folder .. "/state"
  self._provider_port, self._callback_port = process.free_port(), process.free_port()
  self.simulator_options = { ["--first-push"] = 0.1 }
  for name, value in pairs(options.simulator or {}) do
    self.simulator_options[name] = value
  end
  self.environment = {
    MEMORIES_API_KEY = self.api_key,
    MEMORIES_BASE_URL = "http://127.0.0.1:" .. self._provider_port,
    USHER_CALLBACK_LISTEN = "127.0.0.1:" .. self._callback_port,
    USHER_STATE_DIR = self.state_dir,
  }
  for name, value in pairs(options.environment or {}) do
    self.environment[name] = value
  end
  return self
end

return world
