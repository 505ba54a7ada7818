-- SPDX-License-Identifier: MIT
-- Many connections that shake hands, send headers, bodies or nothing, slowly, or do not read: pushes come through
-- meanwhile, and each of the many is cut off at its deadline.

require "spec.support.paths"
local process = require "spec.support.process"
local push_request = require "usher.simulator.push"
local socket = require "socket"
local ssl = require "ssl"
local temporary = require "spec.support.temporary"
local tls = require "spec.support.tls"
local torture = require "spec.support.torture"
local world = require "spec.support.world"

local ATTACKERS = torture.rounds(300, 1000)
local PUSHES = torture.rounds(30, 300)
local LONGEST_SECONDS = 15 + 5 -- the idle time-out, and a margin
local P99_SECONDS = torture.rounds(0.5, 0.05) -- other specs run beside the short version
local WAVES, FILLED = 5, 3
local MEMORY_KIB = 2048

-- What each kind says at first, and then again and again; over TLS some of them before they have shaken hands.
local KINDS = {
  { first = "", drip = "", is_rude = true },
  { first = "GET /callback HTTP/1.1\r\nHost: h\r\n", drip = "X: y\r\n" },
  { first = "POST /callback HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n", drip = "x" },
  { first = "GET / HTTP/1.1\r\nHost: h\r\n\r\n", drip = "", is_deaf = true },
}

-- A ClientHello of 512 bytes, of which few ever come.
local TLS_KINDS = { { first = "\22\3\1\2\0\1\0\1\252\3\3", drip = "x", is_rude = true }, table.unpack(KINDS) }

-- As HTTP clients do: else the request waits for the acknowledgement of the handshake's end.
local function connect_plain(port)
  local connection = assert(socket.connect("127.0.0.1", port))
  connection:setoption("tcp-nodelay", true)
  return connection
end

local function connect_tls(port)
  local connection =
    assert(ssl.wrap(connect_plain(port), { mode = "client", protocol = "any", verify = "none" }))
  assert(connection:dohandshake())
  return connection
end

local WIRES = {
  plain = { connect = connect_plain, kinds = KINDS },
  TLS = { connect = connect_tls, kinds = TLS_KINDS },
}

local function attack(wire, port)
  local attackers = {}
  for index = 1, ATTACKERS do
    local kind = wire.kinds[index % #wire.kinds + 1]
    local connection = (kind.is_rude and connect_plain or wire.connect)(port)
    connection:settimeout(0)
    connection:send(kind.first)
    attackers[index] = { socket = connection, kind = kind }
  end
  return attackers
end

local function drip(attackers)
  for _, attacker in ipairs(attackers) do
    attacker.socket:send(attacker.kind.drip)
  end
end

-- Of those that read, how many the gateway has not ended.
local function count_alive(attackers)
  local alive = 0
  for _, attacker in ipairs(attackers) do
    local _, reason = attacker.socket:receive "*a"
    alive = alive + (reason == "timeout" and not attacker.kind.is_deaf and 1 or 0)
  end
  return alive
end

-- Seconds that a request took.
local function ask(wire, port, code, api_key, status)
  local from = socket.gettime()
  local connection = wire.connect(port)
  local query = ("code=%s&clientId=c1&state=%s"):format(code, push_request.state_of(api_key))
  connection:send(("GET /callback?%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"):format(query))
  local answer = connection:receive "*a"
  connection:close()
  assert.matches("^HTTP/1.1 " .. status, answer)
  return socket.gettime() - from
end

local function memory_of(gateway)
  return tonumber(temporary.read(("/proc/%d/status"):format(gateway.pid)):match "VmRSS:%s+(%d+)")
end

-- One attack. Meanwhile pushes come, which must be durable, and requests that no disk delays; gives what these took.
local function endure(here, wire, port, wave)
  local attackers, seconds = attack(wire, port), {}
  for index = 1, PUSHES do
    ask(wire, port, ("code-%d-%d"):format(wave, index), here.api_key, 200)
    seconds[index] = ask(wire, port, "code", "somebody else's key", 403)
    if index % 10 == 0 then
      drip(attackers)
    end
  end
  if torture.is_long then
    process.await("all of them to be cut off", function()
      drip(attackers)
      return count_alive(attackers) == 0
    end, LONGEST_SECONDS)
  end
  for _, attacker in ipairs(attackers) do
    attacker.socket:close()
  end
  table.sort(seconds)
  return seconds
end

local function serve_tls(here)
  local issued = tls.authority(here.folder, "authority"):issue("server", "IP:127.0.0.1")
  here.environment.USHER_CALLBACK_TLS_CERT = issued.certificate
  here.environment.USHER_CALLBACK_TLS_KEY = issued.key
end

describe("connections that are slow on purpose", function()
  for name, wire in pairs(WIRES) do
    it("keep no push out, are cut off, and leave no memory taken: " .. name, function()
      local here <close> = world.new()
      if name == "TLS" then
        serve_tls(here)
      end
      local gateway = here:start_gateway()
      local port = tonumber(here:callback_url():match ":(%d+)/")
      -- The first attacks take what the allocator then keeps; the others must find room in that.
      local memory = {}
      for wave = 1, WAVES do
        local seconds = endure(here, wire, port, wave)
        local p99 = seconds[math.ceil(#seconds * 0.99)]
        ask(wire, port, "after-" .. wave, here.api_key, 200)
        memory[wave] = memory_of(gateway)
        io.stderr:write(
          ("%d connections, %s: p99 %.1f ms, then %d KiB\n"):format(ATTACKERS, name, p99 * 1000, memory[wave])
        )
        assert.is_true(p99 < P99_SECONDS, ("99 of 100 requests took up to %.3f s"):format(p99))
      end
      -- A sanitizer keeps what was freed, to see who uses it.
      if not os.getenv "USHER_SANITIZED" then
        assert.is_true(memory[WAVES] < memory[FILLED] + MEMORY_KIB)
      end
    end)
  end
end)
