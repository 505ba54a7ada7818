-- SPDX-License-Identifier: MIT
-- All consumers of a machine ask on the socket in the moment in which their token is too old: one refresh, no error.

require "spec.support.paths"
local json = require "usher.json"
local process = require "spec.support.process"
local socket = require "socket"
local torture = require "spec.support.torture"
local unix = require "socket.unix"
local world = require "spec.support.world"

local CONSUMERS = torture.rounds(500, 10000)
local LIFETIME = torture.rounds(20, 150)
local REQUEST = ("GET /v1/accounts/default/token?min_ttl=%d&wait=20 HTTP/1.1\r\n%s\r\n"):format(
  LIFETIME * 0.9,
  "Host: localhost\r\nConnection: close\r\n"
)

-- A connect() that would wait for room in the listener's backlog fails here, where nothing ever waits: so this waits.
local function connect(path)
  local waits = 0
  while true do
    local connection = unix.stream()
    if connection:connect(path) and connection:send(REQUEST) then
      connection:settimeout(0)
      return connection, waits
    end
    connection:close()
    waits = waits + 1
    socket.sleep(0.001)
  end
end

local function ask(path)
  local connection, waits = connect(path)
  return { socket = connection, received = "", waits = waits }
end

-- Whether the answer is all there.
local function poll(consumer)
  local bytes, reason, partial = consumer.socket:receive "*a"
  consumer.received = consumer.received .. (bytes or partial)
  return bytes ~= nil or reason == "closed"
end

describe("a herd of consumers", function()
  it("costs one refresh and sees no error", function()
    local here <close> = world.new { simulator = { ["--access-lifetime"] = LIFETIME } }
    local gateway = here:start_gateway()
    here:start_simulator()
    local old = here:await_token()
    here.sleep(LIFETIME / 10 + 1.2) -- one that is younger is never too old
    here:ask_provider("/faults", [[--data '{"kind":"slow","endpoint":"refresh","seconds":1,"count":1}']])
    local consumers, from = {}, socket.gettime()
    local waited = 0
    for index = 1, CONSUMERS do
      consumers[index] = ask(here.state_dir .. "/usher.sock")
      waited = waited + consumers[index].waits
    end
    local asked = socket.gettime()
    local tokens = {}
    for _, consumer in ipairs(consumers) do
      process.await("an answer", function()
        return poll(consumer)
      end)
      consumer.socket:close()
      assert.matches("^HTTP/1.1 200 ", consumer.received)
      tokens[assert(json.decode(consumer.received:match "\r\n\r\n(.*)$")).access_token] = true
    end
    local line = "%d consumers: asked within %.2f s, answered within %.2f s; %d waits for the backlog\n"
    io.stderr:write(line:format(CONSUMERS, asked - from, socket.gettime() - from, waited))
    local token = next(tokens)
    assert.is_nil(next(tokens, token))
    assert.are_not.equal(old.access_token, token)
    assert.are.equal(1, #here:ledger "refresh")
    assert.is_nil(gateway:status())
  end)
end)
