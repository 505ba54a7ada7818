-- SPDX-License-Identifier: MIT
local client = require "spec.support.socket_client"
local core = require "usher.core"
local peers = require "spec.support.peers"

local SIZE = 12000000 -- more than any socket buffer takes at once

local function big(request)
  return { status = 200, body = request.path:sub(2, 2):rep(SIZE) }
end

local function assert_big(response, letter)
  assert.are.equal(SIZE, #response.body)
  assert.is_true(response.body == letter:rep(SIZE))
end

describe("transport", function()
  it("sends a large response as the peer takes it, and goes on", function()
    local peer = peers.connect(peers.listen(big))
    peer:send(client.get "/a" .. client.get "/b")
    client.pass(0.02)
    assert_big(peer:receive(), "a")
    assert_big(peer:receive(), "b")
  end)

  it("does the same over a Unix socket", function()
    local path = peers.folder() .. "/s"
    local peer = peers.connect(peers.listen { path = path, handler = big })
    assert_big(peer:ask(client.get "/c"), "c")
  end)

  it("survives a peer that resets in the middle of a response", function()
    local listener = peers.listen(big)
    for _ = 1, 5 do
      local peer = peers.connect(listener):send(client.get "/d")
      client.drive(function()
        peer:poll()
        return #peer.received > 0
      end)
      peer.socket:setoption("linger", { on = true, timeout = 0 })
      peer:close()
    end
    client.drive(function()
      return listener:connections() == 0
    end)
  end)

  it("survives a peer that resets before it has asked", function()
    local listener = peers.listen(big)
    local peer = peers.connect(listener):send "GET /"
    client.drive(function()
      return listener:connections() == 1
    end)
    peer.socket:setoption("linger", { on = true, timeout = 0 })
    peer:close()
    client.drive(function()
      return listener:connections() == 0
    end)
  end)

  it("is closed with its listener in the middle of a response", function()
    local listener = peers.listen(big)
    local peer = peers.connect(listener):send(client.get "/e")
    client.drive(function()
      peer:poll()
      return #peer.received > 0
    end)
    listener:close()
    assert.is_true(#peer:receive_all() < SIZE)
    assert.are.same({}, core.loop:handles())
  end)
end)
