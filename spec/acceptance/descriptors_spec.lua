-- SPDX-License-Identifier: MIT
-- Strangers take every descriptor that they can get: tokens are refreshed, consumers and pushes are answered, and the
-- gateway does not spin.

require "spec.support.paths"
local child = require "spec.support.child"
local paths = require "spec.support.paths"
local process = require "spec.support.process"
local push_request = require "usher.simulator.push"
local socket = require "socket"
local temporary = require "spec.support.temporary"
local world = require "spec.support.world"

local DESCRIPTORS, SPARE, STRANGERS = 128, 48, 400
local TICKS_PER_SECOND = 100

local WRAPPER = [[#!/bin/sh
ulimit -n %d
exec %s "$@"
]]

-- The gateway's file of descriptors is closed to everybody else, its account of processor time is not.
local function ticks_of(gateway)
  local fields = temporary.read(("/proc/%d/stat"):format(gateway.pid)):match "%) (.*)$"
  local user, system = fields:match(("%S+ "):rep(11) .. "(%d+) (%d+)")
  return tonumber(user) + tonumber(system)
end

local function count_open(strangers)
  local count = 0
  for _, stranger in ipairs(strangers) do
    count = count + (select(2, stranger:receive(1)) == "timeout" and 1 or 0)
  end
  return count
end

describe("a gateway short of descriptors", function()
  it("goes on", function()
    local here <close> = world.new { simulator = { ["--client-id"] = "c1" } }
    local program = here.folder .. "/usher"
    local checkout = io.popen("cd " .. child.quote(paths.root) .. " && pwd"):read "l" .. "/bin/usher"
    temporary.write(program, WRAPPER:format(DESCRIPTORS, child.quote(checkout)))
    assert(os.execute("chmod +x " .. program))
    here.program = program
    local gateway = here:start_gateway()
    here:start_simulator()
    here:await_token()
    local port = tonumber(here:callback_url():match ":(%d+)/")
    local strangers = {}
    for index = 1, STRANGERS do
      strangers[index] = assert(socket.connect("127.0.0.1", port))
      strangers[index]:settimeout(0)
    end
    process.await("all but the newest to be closed, long before they idle away", function()
      return count_open(strangers) <= DESCRIPTORS - SPARE
    end, 10)
    assert.are.equal(0, (here:usher("refresh", "default")))
    assert.are.equal(1, #here:ledger "refresh")
    local state = push_request.state_of(here.api_key)
    assert.are.equal(200, (here.curl(("%s?code=c&clientId=c1&state=%s"):format(here:callback_url(), state))))
    local ticks = ticks_of(gateway)
    here.sleep(1)
    assert.is_true(ticks_of(gateway) - ticks < TICKS_PER_SECOND / 4)
    for _, stranger in ipairs(strangers) do
      stranger:close()
    end
    local _, log = gateway:output()
    assert.not_matches("level=error", log)
  end)
end)
