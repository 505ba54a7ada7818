-- SPDX-License-Identifier: MIT
-- `usher token` from its start to its end, beside curl asking the same of the same socket. [RUNS]

local child = require "spec.support.child"
local side_by_side = require "bench.side_by_side"
local socket = require "socket"
local world = require "spec.support.world"

local RUNS = math.tointeger(tonumber(arg[1] or 40))

local here <close> = world.new { simulator = { ["--access-lifetime"] = 7200 } }
here:start_gateway()
here:start_simulator()
here:await_token()
local path = here.state_dir .. "/usher.sock"

local function timed(command)
  local began = socket.gettime()
  assert(os.execute(command .. " >/dev/null"))
  return { (socket.gettime() - began) * 1000 }
end

local ask = ("%s token default --api %s"):format(child.quote(here.program), child.quote("unix:" .. path))
local curl = ("curl --silent --unix-socket %s http://localhost/v1/accounts/default/token"):format(
  child.quote(path)
)
side_by_side.run {
  title = "one token for a script",
  units = { "milliseconds" },
  rounds = RUNS,
  peer = "curl",
  usher = function()
    return timed(ask)
  end,
  of_peer = function()
    return timed(curl)
  end,
}
