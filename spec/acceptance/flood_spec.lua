-- SPDX-License-Identifier: MIT
-- Somebody who has seen a callback's URL sends pushes without end, with the right state: they cost no exchange, no log
-- and no growing file, and the provider's own pushes come through between them.

require "spec.support.paths"
local child = require "spec.support.child"
local push_request = require "usher.simulator.push"
local socket = require "socket"
local torture = require "spec.support.torture"
local world = require "spec.support.world"

local CONNECTIONS, ROUNDS, PIPELINED = 100, torture.rounds(2, 50), 3
local FORGERIES = CONNECTIONS * ROUNDS * PIPELINED
local LOG_BYTES, STATE_KIB = 8192, 6 * 1024

local function size_of(folder)
  local pipe <close> = assert(io.popen("du -sk " .. child.quote(folder)))
  return pipe:read "n"
end

-- So many pushes at once; gives how many of each status came back.
local function forge(connections, query, round, statuses)
  for index, connection in ipairs(connections) do
    local requests = {}
    for number = 1, PIPELINED do
      local code = ("forged-%d-%d-%d"):format(round, index, number)
      requests[number] = ("GET /callback?code=%s&%s HTTP/1.1\r\nHost: h\r\n\r\n"):format(code, query)
    end
    assert(connection:send(table.concat(requests)))
  end
  for _, connection in ipairs(connections) do
    for _ = 1, PIPELINED do
      local status = assert(connection:receive "*l"):match " (%d%d%d) "
      statuses[status] = (statuses[status] or 0) + 1
      local length = 0
      repeat
        local line = assert(connection:receive "*l")
        length = tonumber(line:match "^[Cc]ontent%-[Ll]ength: (%d+)") or length
      until line == ""
      assert(connection:receive(length))
    end
  end
end

describe("a flood of pushes", function()
  local here, gateway

  local function start()
    here = world.new {
      simulator = { ["--client-id"] = "c1", ["--push-interval"] = 1 },
      environment = { MEMORIES_CLIENT_ID = "c1" },
    }
    gateway = here:start_gateway()
    here:start_simulator()
    here:await_token()
  end

  local function connect()
    local connection = assert(socket.connect("127.0.0.1", tonumber(here:callback_url():match ":(%d+)/")))
    connection:settimeout(20)
    return connection
  end

  local function query_for(client_id)
    return ("clientId=%s&state=%s"):format(client_id, push_request.state_of(here.api_key))
  end

  -- On connections that stay; gives how many of each status came back.
  local function flood()
    local connections, statuses = {}, {}
    for index = 1, CONNECTIONS do
      connections[index] = connect()
    end
    local from = socket.gettime()
    for round = 1, ROUNDS do
      forge(connections, query_for "c1", round, statuses)
    end
    for _, connection in ipairs(connections) do
      connection:close()
    end
    io.stderr:write(("%d forged pushes in %.2f s\n"):format(FORGERIES, socket.gettime() - from))
    return statuses
  end

  -- Each refusal ends its connection.
  local function flood_in_vain()
    for number = 1, FORGERIES do
      local connection = connect()
      connection:send(
        ("GET /callback?code=f%d&%s HTTP/1.1\r\nHost: h\r\n\r\n"):format(number, query_for "c2")
      )
      assert.matches("^HTTP/1.1 403 .*forbidden$", (connection:receive "*a"))
      connection:close()
    end
  end

  -- All that the provider has pushed meanwhile.
  local function assert_delivered()
    local deliveries = here:ledger "delivery"
    assert.is_true(#deliveries >= 1)
    for _, delivery in ipairs(deliveries) do
      assert.are.equal(200, delivery.status)
    end
  end

  it("with the right state and clientId spends nothing and keeps nobody out", function()
    start()
    local _ <close> = here
    local _, log = gateway:output()
    assert.are.same({ ["200"] = FORGERIES }, flood())
    assert.are.equal(1, #here:ledger "exchange")
    assert.is_true(#select(2, gateway:output()) - #log < LOG_BYTES)
    assert.is_true(size_of(here.state_dir) < STATE_KIB)
    assert_delivered()
    assert.are.equal(200, (here:ask "/v1/accounts/default/token"))
  end)

  it("for somebody else is refused, in a log that does not grow with it", function()
    start()
    local _ <close> = here
    local _, log = gateway:output()
    flood_in_vain()
    local growth = select(2, gateway:output()):sub(#log + 1)
    assert.is_true(#growth < LOG_BYTES, growth)
    assert.matches("event=push_refused", growth)
    assert.are.equal(1, #here:ledger "exchange")
    assert_delivered()
  end)
end)
