-- SPDX-License-Identifier: MIT
-- A gateway under steady load: consumers ask for a token so many times a second, most over connections that stay, some
-- over new ones, while it is refreshed every ten seconds; memory and descriptors are looked at as time passes.

local clock = require "usher.clock"
local gateway_client = require "usher.client"
local socket = require "socket"
local unix = require "socket.unix"
local world = require "spec.support.world"

local soak = {}

local LIFETIME = 13 -- seconds: renewed in the last fourth
local A_LOT = 1000000 -- of the day's requests
local CONNECTIONS = 4
local NEW_CONNECTION_EVERY = 25
local REQUEST = "GET /v1/accounts/default/token HTTP/1.1\r\nHost: localhost\r\n\r\n"

---@class spec.Sample
---@field at number seconds since the beginning
---@field requests integer
---@field rss_kib integer
---@field descriptors integer

---@class spec.Soak
---@field samples spec.Sample[]
---@field requests integer
---@field failures integer answers other than 200
---@field tokens integer different ones
---@field refreshes integer at the provider
---@field seconds number
---@field p50_ms number
---@field p99_ms number
---@field slowest_ms number
local Soak = {}
Soak.__index = Soak

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local function descriptors_of(pid)
  local pipe <close> = assert(io.popen(("ls /proc/%d/fd | wc -l"):format(pid)))
  return math.tointeger(pipe:read "n")
end

local function connect(path)
  local connection = unix()
  assert(connection:connect(path))
  connection:settimeout(20)
  return connection
end

-- Status and token of one request over a connection that stays.
local function ask(connection)
  assert(connection:send(REQUEST))
  local status = assert(connection:receive "*l"):match "^HTTP/1.1 (%d+)"
  local length
  repeat
    local line = assert(connection:receive "*l")
    length = length or line:match "^[Cc]ontent%-[Ll]ength: (%d+)"
  until line == ""
  return tonumber(status), assert(connection:receive(tonumber(length))):match '"access_token":"([^"]+)"'
end

local function ask_anew(address)
  local answer = assert(gateway_client.new { listen = address }):token "default"
  return answer and 200, answer and answer.access_token
end

local function note(self, status, token, began)
  self.requests = self.requests + 1
  table.insert(self._latencies, socket.gettime() - began)
  if status ~= 200 then
    self.failures = self.failures + 1
  elseif not self._seen[token] then
    self._seen[token], self.tokens = true, self.tokens + 1
  end
end

local function one_request(self, connections, number)
  local began = socket.gettime()
  if number % NEW_CONNECTION_EVERY == 0 then
    local status, token = ask_anew(self._address)
    note(self, status, token, began)
  else
    local status, token = ask(connections[number % CONNECTIONS + 1])
    note(self, status, token, began)
  end
end

local function sample(self, began)
  local status = read(("/proc/%d/status"):format(self._pid))
  local taken = {
    at = socket.gettime() - began,
    requests = self.requests,
    rss_kib = math.tointeger(tonumber(status:match "VmRSS:%s+(%d+) kB")),
    descriptors = descriptors_of(self._pid),
  }
  table.insert(self.samples, taken)
  return taken
end

local function open_connections(path)
  local connections = {}
  for index = 1, CONNECTIONS do
    connections[index] = connect(path)
  end
  return connections
end

-- The requests of one life, each at its time; late ones follow as fast as they can.
local function load(self, options)
  local connections = open_connections(self._path)
  local began, every = socket.gettime(), options.sample_every
  local next_sample = every
  for number = 1, math.floor(options.seconds * options.rate) do
    local ahead = began + number / options.rate - socket.gettime()
    if ahead > 0 then
      socket.sleep(ahead)
    end
    one_request(self, connections, number)
    if socket.gettime() - began >= next_sample then
      options.on_sample(sample(self, began))
      next_sample = socket.gettime() - began + every
    end
  end
  self.seconds = socket.gettime() - began
  for _, connection in ipairs(connections) do
    connection:close()
  end
end

local function sum_up(self)
  local latencies = self._latencies
  table.sort(latencies)
  local function at(share)
    return latencies[math.max(1, math.ceil(#latencies * share))] * 1000
  end
  self.p50_ms, self.p99_ms, self.slowest_ms = at(0.5), at(0.99), at(1)
end

---@class spec.soak.options
---@field seconds number
---@field rate number requests a second
---@field sample_every number seconds
---@field on_sample fun(sample: spec.Sample)

--- Runs a gateway and a provider of its own under that load.
---@param options spec.soak.options
---@return spec.Soak
function soak.run(options)
  local here <close> = world.new {
    simulator = {
      ["--access-lifetime"] = LIFETIME,
      ["--push-interval"] = 600,
      ["--refresh-budget"] = A_LOT,
      ["--exchange-budget"] = A_LOT,
    },
    environment = { MEMORIES_REFRESH_BUDGET = tostring(A_LOT), MEMORIES_EXCHANGE_BUDGET = tostring(A_LOT) },
  }
  local gateway = here:start_gateway()
  here:start_simulator()
  here:await_token()
  local path = here.state_dir .. "/usher.sock"
  local self = { samples = {}, requests = 0, failures = 0, tokens = 0, _latencies = {}, _seen = {} }
  self._pid, self._path, self._address = gateway.pid, path, "unix:" .. path
  setmetatable(self, Soak)
  load(self, options)
  clock.system():sleep(3) -- connections that linger are gone by then
  self.last = sample(self, socket.gettime() - self.seconds)
  self.refreshes = #here:ledger "refresh"
  sum_up(self)
  return self
end

return soak
