-- SPDX-License-Identifier: MIT
local child = require "spec.support.child"
local client = require "spec.support.socket_client"
local core = require "usher.core"
local peers = require "spec.support.peers"

local connect, get, open = peers.connect, client.get, peers.listen

local function echo(request)
  return { status = 200, body = request.path }
end

-- A client with another address, 127.0.0.2, and so another source.
local function stranger_of(listener)
  return client.connect(listener:address(), "127.0.0.2")
end

describe("a listener that is full", function()
  it("closes who has been idle longest beyond max_connections", function()
    local listener = open { handler = echo, max_connections = 2 }
    local oldest, second = connect(listener), connect(listener)
    oldest:ask(get "/")
    second:ask(get "/")
    assert.are.equal("/3", connect(listener):ask(get "/3").body)
    assert.are.equal("", oldest:receive_all())
    assert.are.equal("/2", second:ask(get "/2").body)
    assert.are.equal(2, listener:connections())
  end)

  it("closes who of the same address has been idle longest beyond max_connections_per_source", function()
    local listener = open { handler = echo, max_connections_per_source = 2 }
    local first, second = connect(listener), connect(listener)
    first:ask(get "/")
    second:ask(get "/")
    local stranger <close> = stranger_of(listener)
    stranger:ask(get "/")
    assert.are.equal("/3", connect(listener):ask(get "/3").body)
    assert.are.equal("", first:receive_all())
    assert.are.equal("/2", second:ask(get "/2").body)
    assert.are.equal("/s", stranger:ask(get "/s").body)
    assert.are.equal(3, listener:connections())
  end)

  it("turns an address away all of whose connections are being answered, and nobody else", function()
    local future = core.future.new()
    local listener = open {
      max_connections_per_source = 1,
      handler = function(request)
        if request.path == "/slow" then
          future:wait()
        end
        return { status = 200, body = request.path }
      end,
    }
    local slow = connect(listener):send(get "/slow")
    peers.await_tasks(1)
    assert.are.equal("", connect(listener):receive_all())
    local stranger <close> = stranger_of(listener)
    assert.are.equal("/s", stranger:ask(get "/s").body)
    future:resolve()
    assert.are.equal("/slow", slow:receive().body)
  end)

  it("lets the next one in as soon as one has gone", function()
    local future = core.future.new()
    local listener = open {
      max_connections = 1,
      handler = function()
        future:wait()
        return { status = 200, body = "done", close = true }
      end,
    }
    local first = connect(listener):send(get "/")
    peers.await_tasks(1)
    local waiting = connect(listener):send(get "/")
    client.pass(0.01)
    future:resolve()
    local from = core.clock.boot()
    first:receive_all()
    first:close()
    assert.are.equal("done", waiting:receive().body)
    assert.is_true(core.clock.boot() - from < 0.09)
  end)

  it("keeps who is being answered, and lets the rest wait", function()
    local future = core.future.new()
    local listener = open {
      max_connections = 1,
      handler = function(request)
        if request.path == "/slow" then
          future:wait()
        end
        return { status = 200, body = request.path }
      end,
    }
    local slow = connect(listener):send(get "/slow")
    peers.await_tasks(1)
    local next_one = connect(listener):send(get "/next")
    client.pass(0.15)
    assert.are.equal(1, listener:connections())
    future:resolve()
    assert.are.equal("/slow", slow:receive().body)
    assert.are.equal("/next", next_one:receive().body)
  end)

  it("goes on without spinning while the process has no descriptor left", function()
    local output = child.run(
      [[
      local client = require "spec.support.socket_client"
      local core = require "usher.core"
      local listener = core.listener.open {
        host = "127.0.0.1",
        handler = function() return { status = 200, body = "ok" } end,
      }
      local before = client.connect(listener:address())
      assert(before:ask(client.get "/").body == "ok")
      local after = client.connect(listener:address())
      local held = {}
      repeat
        local file = io.open "/dev/null"
        table.insert(held, file)
      until not file
      after:send(client.get "/")
      local turns = 0
      local limit = core.clock.boot() + 0.5
      core.timer.start(500, function() core.loop:stop() end)
      local used = os.clock()
      core.loop:run()
      assert(os.clock() - used < 0.2, "it spins")
      assert(before:ask(client.get "/").body == "ok")
      for _, file in ipairs(held) do file:close() end
      assert(after:receive().body == "ok")
      listener:close()
      print "well"
    ]],
      { before = "ulimit -n 64" }
    )
    assert.are.equal("well\n", output)
  end)

  it("leaves descriptors to others: beyond three quarters of them the oldest idle connection goes", function()
    local output = child.run(
      [[
      local client = require "spec.support.socket_client"
      local core = require "usher.core"
      local listener = core.listener.open {
        host = "127.0.0.1",
        handler = function() return { status = 200, body = "ok" } end,
      }
      -- Half of a connection's descriptors are the client's.
      local held = {}
      for index = 1, 24 do
        held[index] = client.connect(listener:address())
        client.pass(0.002)
      end
      assert(listener:connections() < 24)
      local spare = {}
      for index = 1, 8 do
        spare[index] = assert(io.open "/dev/null")
      end
      assert(held[1]:receive_all() == "")
      assert(held[24]:ask(client.get "/").body == "ok")
      listener:close()
      print "well"
    ]],
      { before = "ulimit -n 64" }
    )
    assert.are.equal("well\n", output)
  end)
end)
