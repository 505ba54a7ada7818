-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local clock = require "usher.clock"
local json = require "usher.json"
local server = require "usher.simulator.server"
local simulator = require "usher.simulator"
local socket_client = require "spec.support.socket_client"

local POST =
  "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"

-- A simulator on a port of its own; what it pushes lands in `pushed`.
local function start(pushed)
  local subject = simulator.new { api_key = "sk-spec", clock = clock.system() }
  local running = assert(server.start {
    simulator = subject,
    clock = clock.system(),
    address = { host = "127.0.0.1", port = 0 },
    transfer = function(request)
      table.insert(pushed, request.url)
      return { status = 200 }
    end,
  })
  finally(function()
    running:close()
    running:close()
  end)
  return running, subject
end

local function post(peer, path, body)
  local text = body and json.encode(body) or ""
  return peer:ask(POST:format(path, #text, text))
end

describe("simulator server", function()
  it("answers on a socket", function()
    local pushed = {}
    local running, subject = start(pushed)
    local peer <close> = socket_client.connect(running:address())
    assert.are.equal(200, post(peer, "/push").status)
    socket_client.drive(function()
      return subject.ledger:count "delivery" == 1
    end)
    local code = pushed[1]:match "[?]code=([^&]+)&"
    local answer = post(peer, "/auth/api/token/getAccessToken", {
      clientId = simulator.defaults.client_id,
      code = code,
    })
    local envelope = json.decode(answer.body)
    assert.are.same({ 200, "0000" }, { answer.status, envelope.code })
    assert.are.equal("application/json", answer.headers["content-type"])
    local bearer = ("Authorization: Bearer %s\r\n"):format(envelope.data.accessToken)
    assert.are.equal(200, peer:ask(socket_client.get("/api/serve/echo", bearer)).status)
    assert.are.equal(401, peer:ask(socket_client.get "/api/serve/echo").status)
    assert.are.equal(404, peer:ask(socket_client.get "/push/").status)
  end)

  it("says why it cannot listen", function()
    local running = start {}
    local port = math.tointeger(tonumber(running:address():match ":(%d+)$"))
    local second, err = server.start {
      simulator = simulator.new { api_key = "sk-spec", clock = clock.system() },
      clock = clock.system(),
      address = { host = "127.0.0.1", port = port },
      transfer = error,
    }
    assert.is_nil(second)
    assert.are.equal("address_in_use", err.code)
  end)
end)
