-- SPDX-License-Identifier: MIT
local client = require "spec.support.socket_client"
local core = require "usher.core"
local peers = require "spec.support.peers"
local socket = require "socket"

local function remote(request)
  return { status = 200, body = request.remote }
end

-- The address family is missing in some containers.
local function has_ipv6()
  local probe = socket.tcp6()
  local ok = probe and probe:bind("::1", 0)
  if probe then
    probe:close()
  end
  return ok ~= nil
end

-- The listener's address and what it calls the client.
local function ask(host, target)
  local listener = peers.listen { host = host, handler = remote }
  local port = listener:address():match ":(%d+)$"
  local peer <close> = client.connect(
    (target or host):find ":" and ("[%s]:%s"):format(target or host, port)
      or ("%s:%s"):format(target or host, port)
  )
  local response = peer:ask(client.get "/")
  local _, own_port = peer.socket:getsockname()
  return listener:address(), response.body, port, own_port
end

describe("address", function()
  it("is written as host and port for IPv4", function()
    local address, seen, port, own_port = ask "127.0.0.1"
    assert.are.equal("127.0.0.1:" .. port, address)
    assert.are.equal("127.0.0.1:" .. own_port, seen)
  end)

  it("is written with brackets for IPv6", function()
    if not has_ipv6() then
      return
    end
    local address, seen, port, own_port = ask "::1"
    assert.are.equal("[::1]:" .. port, address)
    assert.are.equal("[::1]:" .. own_port, seen)
  end)

  it("of an IPv4 peer is the same on an IPv6 listener", function()
    if not has_ipv6() then
      return
    end
    local address, seen, port, own_port = ask("::", "127.0.0.1")
    assert.are.equal("[::]:" .. port, address)
    assert.are.equal("127.0.0.1:" .. own_port, seen)
  end)

  it("has to be numeric", function()
    for _, host in ipairs { "localhost", "", "127.0.0.1:80", "127.1", "256.0.0.1", "::g", "[::1]" } do
      local listener, err = core.listener.open { host = host, handler = remote }
      assert.is_nil(listener)
      assert.are.equal("bad_address", err.code, host)
    end
  end)
end)
