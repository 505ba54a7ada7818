-- SPDX-License-Identifier: MIT
-- A world whose provider replaces the refresh token with every refresh, pushes often and writes down what it answered;
-- and a look into the store of a gateway that is down.

local child = require "spec.support.child"
local clock = require "usher.clock"
local core = require "usher.core"
local json = require "usher.json"
local process = require "spec.support.process"
local simulator = require "usher.simulator"
local sqlite = require "usher.store.sqlite"
local temporary = require "spec.support.temporary"
local unix = require "socket.unix"
local usher_client = require "usher.client"
local world = require "spec.support.world"

local rotating_world = {}

local KEY = core.encoding.base64_encode(("k"):rep(32))
local EXPECTED_PUSH_SECONDS = 0.5 -- so long nobody waits after a code that was refused
local ACCESS_SECONDS = 600
local ENOUGH = 1000000 -- requests a day

local CONFIGURATION = [[
local usher = require "usher"
local state = os.getenv "USHER_STATE_DIR"
return usher.gateway {
  callback = { listen = os.getenv "USHER_CALLBACK_LISTEN" },
  api = { listen = "unix:" .. state .. "/usher.sock" },
  store = usher.store.sqlite { path = state .. "/usher.db", key = "%s" },
  accounts = {
    default = usher.provider.memories_ai {
      api_key = os.getenv "MEMORIES_API_KEY",
      base_url = os.getenv "MEMORIES_BASE_URL",
      callback_path = "/callback",
      policy = { rotates = true, push_interval = %s, budgets = { exchange = %d, refresh = %d } },
    },
  },
}
]]

local REFRESH =
  "POST /v1/accounts/default/refresh HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

---@class spec.RotatingWorld
---@field here spec.World
---@field gateway? spec.Process
---@field started_at number seconds since 1970
---@field entries table[] of the simulator's ledger, as far as they were read
local RotatingWorld = {}
RotatingWorld.__index = RotatingWorld

-- the ledger ------------------------------------------------------------------------------------------

--- Reads what the simulator has written down since the last look.
---@return table[] entries all
function RotatingWorld:read_ledger()
  local text = temporary.read(self._ledger)
  local last = text:find "\n[^\n]*$" or 0
  for line in text:sub(self._ledger_read + 1, last):gmatch "[^\n]+" do
    local entry = assert(json.decode(line))
    table.insert(self.entries, entry)
    if entry.verdict == "ok" then
      self._issued[entry.access] = entry
    end
  end
  self._ledger_read = last
  return self.entries
end

--- The last token pair that the simulator has answered with, in that time.
---@param from? number seconds since 1970
---@param to? number
---@return table? entry
function RotatingWorld:last_issue(from, to)
  local entries = self:read_ledger()
  for index = #entries, 1, -1 do
    local entry = entries[index]
    if entry.verdict == "ok" and entry.at <= (to or math.huge) then
      return entry.at >= (from or 0) and entry or nil
    end
  end
end

--- The entry that an access token came with.
---@param access_token string
---@return table
function RotatingWorld:issue_of(access_token)
  self:read_ledger()
  return assert(self._issued[simulator.fingerprint(access_token)], "a token that was never issued")
end

-- the gateway -----------------------------------------------------------------------------------------

--- Starts the gateway and waits until it serves its API.
function RotatingWorld:start()
  self.started_at = clock.system():wall()
  self.gateway = self.here:start_gateway()
end

--- Ends it, as SIGKILL does.
---@return number wall when
function RotatingWorld:kill()
  local at = clock.system():wall()
  self.gateway:signal "KILL"
  self.gateway:wait()
  return at
end

--- The token that is served; nil where there is none.
---@return string? access_token
function RotatingWorld:served()
  local answer = self._client:token "default"
  return answer and answer.access_token
end

-- Whether the provider has issued nothing, and refused no refresh token, since it issued that one.
local function is_last_word(self, issue)
  local entries = self:read_ledger()
  for index = #entries, issue.number + 1, -1 do
    local entry = entries[index]
    if entry.verdict == "ok" or entry.kind == "refresh" and entry.verdict == "0401" then
      return false
    end
  end
  return true
end

--- Waits, and does nothing else, until the token is served that the provider issued last, and its refresh token has not
--- been refused.
---@param seconds number
---@return number seconds that it took
function RotatingWorld:await_recovery(seconds)
  local began = clock.system():boot()
  process.await("the token issued last", function()
    local token = self:served()
    return token and is_last_word(self, self:issue_of(token))
  end, seconds)
  return clock.system():boot() - began
end

--- Asks for a refresh, and does not wait for the answer.
---@return table socket to be closed
function RotatingWorld:begin_refresh()
  local socket = assert(unix.stream())
  assert(socket:connect(self.here.state_dir .. "/usher.sock"))
  assert(socket:send(REFRESH))
  return socket
end

--- Asks for a refresh and waits for its end.
---@return boolean refreshed
function RotatingWorld:refresh()
  local answer = self._client:refresh "default"
  return answer ~= nil and answer.refreshed
end

--- Has the provider push a code now.
function RotatingWorld:push()
  self.here:ask_provider("/push", "--request POST")
end

--- Has the provider refuse the present refresh token from now on.
function RotatingWorld:revoke()
  self.here:ask_provider("/revoke", "--request POST")
end

--- The account's record, read from a copy of the files of a gateway that is down. Raises where they are damaged.
---@return usher.store.Record
function RotatingWorld:stored()
  local original, copy = self.here.state_dir .. "/usher.db", self.here.folder .. "/copy.db"
  for _, suffix in ipairs { "", "-wal" } do
    temporary.write(copy .. suffix, temporary.read(original .. suffix))
  end
  local store = sqlite.new { path = copy, key = KEY, create = false }
  assert(store:open())
  local record, err = store:load "default"
  store:close()
  return assert(record, err)
end

function RotatingWorld:close()
  self.here:close()
end

RotatingWorld.__close = RotatingWorld.close

--- A world in which the gateway has obtained its first token.
---@param push_interval number seconds
---@return spec.RotatingWorld
function rotating_world.new(push_interval)
  local here = world.new {
    simulator = {
      ["--fault"] = "refresh:rotation",
      ["--push-interval"] = push_interval,
      ["--access-lifetime"] = ACCESS_SECONDS,
      ["--exchange-budget"] = ENOUGH,
      ["--refresh-budget"] = ENOUGH,
    },
  }
  here.config = here.folder .. "/config.lua"
  here.simulator_options["--ledger"] = here.folder .. "/ledger"
  temporary.write(here.config, CONFIGURATION:format(KEY, EXPECTED_PUSH_SECONDS, ENOUGH, ENOUGH))
  assert(os.execute("mkdir " .. child.quote(here.state_dir)))
  local self = setmetatable({
    here = here,
    entries = {},
    _issued = {},
    _ledger = here.simulator_options["--ledger"],
    _ledger_read = 0,
    _client = assert(usher_client.new { listen = "unix:" .. here.state_dir .. "/usher.sock" }),
  }, RotatingWorld)
  self:start()
  here:start_simulator()
  here:await_token()
  return self
end

return rotating_world
