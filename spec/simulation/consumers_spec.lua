-- SPDX-License-Identifier: MIT
-- A thousand programs that want a younger token at the same time cost one request upstream.
require "spec.support.paths"
local api = require "usher.api"
local client = require "spec.support.socket_client"
local json = require "usher.json"
local peers = require "spec.support.peers"
local simulated_life = require "spec.support.simulated_life"

local CONSUMERS = 1000
local SPARE_DESCRIPTORS = 100

local function half_aged()
  local life = simulated_life.new():start()
  life:begin_pushing(1)
  life.clock:advance(3600)
  return life, assert(life:token()).access_token
end

-- Both ends of a connection are in this process.
local function affordable(count)
  local pipe <close> = assert(io.popen "ulimit -n")
  return math.min(count, (tonumber(pipe:read "n") - SPARE_DESCRIPTORS) // 2)
end

local function serve(life)
  local service = api.new {
    keeper = life.keeper,
    is_tcp = false,
    clock = life.clock,
    ready = function()
      return true
    end,
  }
  return peers.listen {
    path = peers.folder() .. "/usher.sock",
    handler = function(request)
      return service:handle(request)
    end,
  }
end

describe("a thousand consumers waiting with min_ttl", function()
  it("share one refresh", function()
    local life, old = half_aged()
    life:fault "refresh:slow,seconds=3"
    local boxes = life:start_many(CONSUMERS, life.keeper.token, life.keeper, "acme", { min_ttl = 7000 })
    life.clock:advance(4)
    assert.are.equal(1, life:count "refresh")
    for _, box in ipairs(boxes) do
      assert.are_not.equal(old, box.value.access_token)
      assert.are.equal(boxes[1].value.access_token, box.value.access_token)
    end
    life:close()
  end)

  it("share one failed refresh, and get the token that there is", function()
    local life, old = half_aged()
    life:fault "refresh:http,status=503"
    local boxes = life:start_many(CONSUMERS, life.keeper.token, life.keeper, "acme", { min_ttl = 7000 })
    life.clock:advance(4)
    assert.are.equal(1, life:count "refresh")
    for _, box in ipairs(boxes) do
      assert.are.equal(old, box.value.access_token)
    end
    life:close()
  end)

  it("share one exchange while there is no token yet", function()
    local life = simulated_life.new():start()
    local boxes = life:start_many(CONSUMERS, life.keeper.token, life.keeper, "acme", { wait = 30 })
    life:begin_pushing(1)
    life.clock:advance(10)
    assert.are.equal(1, life:count "exchange")
    for _, box in ipairs(boxes) do
      assert.are.equal(boxes[1].value.access_token, box.value.access_token)
    end
    life:close()
  end)

  it("share one refresh over the API's socket", function()
    local life, old = half_aged()
    local listener, consumers = serve(life), {}
    for index = 1, affordable(CONSUMERS) do
      consumers[index] = peers.connect(listener):send(client.get "/v1/accounts/acme/token?min_ttl=7000")
    end
    local waiters = life.keeper.accounts.acme.waiters
    client.drive(function()
      return waiters:count() == #consumers
    end)
    life.clock:advance(1)
    for _, consumer in ipairs(consumers) do
      local answer = consumer:receive()
      assert.are.equal(200, answer.status)
      assert.are_not.equal(old, json.decode(answer.body).access_token)
    end
    assert.are.equal(1, life:count "refresh")
    life:close()
  end)
end)
