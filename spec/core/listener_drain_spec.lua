-- SPDX-License-Identifier: MIT
local allocation = require "spec.support.allocation"
local child = require "spec.support.child"
local client = require "spec.support.socket_client"
local core = require "usher.core"
local peers = require "spec.support.peers"
local process = require "spec.support.process"
local socket = require "socket"
local temporary = require "spec.support.temporary"
local tls = require "spec.support.tls"

local connect, get, open = peers.connect, client.get, peers.listen

local function echo(request)
  return { status = 200, body = request.path }
end

local NOISE = "\23\3\3\0\32" .. ("z"):rep(32) -- a TLS record that cannot be decrypted

-- Passes bytes between a program that connects to `front` and the listener.
local function relay(front, listener)
  local near
  client.drive(function()
    near = front:accept()
    return near
  end)
  near:settimeout(0)
  local far = connect(listener)
  return function(tail)
    local bytes, _, partial = near:receive(65536)
    bytes = bytes or partial
    if bytes ~= "" then
      far:send(bytes .. tail)
    end
    far:poll()
    near:send(far.received)
    far.received = ""
  end
end

describe("listener:drain", function()
  it("closes idle connections, ends those under way and then the listener", function()
    local future = core.future.new()
    local listener = open(function()
      future:wait()
      return { status = 200, body = "late" }
    end)
    local idle, busy = connect(listener), connect(listener):send(get "/")
    client.drive(function()
      return core.loop:tasks() == 1 and listener:connections() == 2
    end)
    local drained = false
    core.loop:spawn(function()
      listener:drain(5000)
      drained = true
    end)
    assert.are.equal("", idle:receive_all())
    assert.is_false(drained)
    future:resolve()
    local response = busy:receive()
    assert.are.equal("late", response.body)
    assert.are.equal("close", response.headers.connection)
    busy:close()
    client.drive(function()
      return drained
    end)
    assert.matches("closed", tostring(listener))
  end)

  it("closes a connection whose response is being sent once that is sent", function()
    local size = 12000000 -- more than any socket buffer takes at once
    local listener = open(function()
      return { status = 200, body = ("x"):rep(size) }
    end)
    local peer = connect(listener):send(get "/")
    client.drive(function()
      peer:poll()
      return #peer.received > 0
    end)
    local from, drained = core.clock.boot(), nil
    core.loop:spawn(function()
      listener:drain(3000)
      drained = core.clock.boot() - from
    end)
    assert.are.equal(size, #peer:receive().body)
    client.drive(function()
      return drained
    end)
    assert.is_true(drained < 2)
    assert.are.equal("", peer:receive_all())
  end)

  it("ends though a peer breaks its connection while it is answered", function()
    local folder = peers.folder()
    local issued = tls.authority(folder, "authority"):issue("server", "IP:127.0.0.1")
    local certificate <close> = assert(core.tls.open(issued.certificate, issued.key))
    local future, has_asked, is_drained = core.future.new(), false, false
    local listener = open {
      tls = certificate,
      handler = function(request)
        has_asked = true
        if request.path == "/late" then
          future:wait()
        end
        return { status = 200 }
      end,
    }
    local front = assert(socket.bind("127.0.0.1", 0))
    front:settimeout(0)
    local script = "(printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\nGET /late HTTP/1.1\\r\\nHost: a\\r\\n';"
      .. " while [ ! -e go ]; do sleep 0.05; done; printf '\\r\\n'; sleep 9)"
      .. " | env -u LD_PRELOAD openssl s_client -quiet -connect 127.0.0.1:"
    local command = ("cd %s && %s%d"):format(folder, script, select(2, front:getsockname()))
    local _ <close> = process.start(folder, "peer", { "sh", "-c", command })
    local pass = relay(front, listener)
    client.drive(function()
      pass ""
      return has_asked
    end)
    core.loop:spawn(function()
      listener:drain(60000)
      is_drained = true
    end)
    temporary.write(folder .. "/go", "")
    client.drive(function()
      pass(NOISE)
      return core.loop:tasks() == 2
    end)
    assert.are.equal(0, listener:connections())
    future:resolve()
    client.drive(function()
      return is_drained
    end)
    front:close()
  end)

  it("waits no longer than it is told", function()
    local listener = open(function()
      core.future.new():wait()
    end)
    connect(listener):send(get "/")
    peers.await_tasks(1)
    local from = core.clock.boot()
    listener:drain(50)
    assert.is_true(core.clock.boot() - from < 2)
    assert.are.equal(0, core.loop:tasks())
  end)

  it("returns at once where nobody is connected, or when closed", function()
    local listener = open(echo)
    listener:drain(60000)
    listener:drain(60000)
    assert.are.equal(0, listener:connections())
  end)

  it("ends early when the listener is closed meanwhile", function()
    local listener = open(function()
      core.future.new():wait()
    end)
    connect(listener):send(get "/")
    peers.await_tasks(1)
    core.timer.start(10, function()
      listener:close()
    end)
    listener:drain(60000)
  end)

  it("ends at once where a finalizer closes the listener in the midst of its start", function()
    local output = child.run [[
      local core = require "usher.core"

      -- Closes the listener in the n-th collection of garbage.
      local function close_later(listener, n)
        setmetatable({}, { __gc = function()
          if n > 1 then close_later(listener, n - 1) else listener:close() end
        end })
      end

      for n = 2, 5 do
        local listener = assert(core.listener.open { host = "127.0.0.1", handler = print })
        close_later(listener, n)
        collectgarbage "restart"
        collectgarbage("incremental", 1, 1000, 30) -- every new object collects all garbage
        collectgarbage()
        listener:drain(60000)
        collectgarbage "stop"
        io.write(tostring(listener), " ")
      end
    ]]
    assert.are.equal(("usher.listener (closed) "):rep(4), output)
  end)

  -- A drain whose end cannot be told of for want of memory. Returns what the script writes.
  local function fail_to_end(sink)
    return allocation.run(([[
      local allocation, core = require "allocation", require "usher.core"
      local LUA, TWICE = 1, 2 -- the second time after all garbage was collected
      local has_asked = false
      local listener = assert(core.listener.open { host = "127.0.0.1", handler = function()
        has_asked = true
        core.future.new():wait()
      end })
      local peer = assert(require("socket").connect("127.0.0.1", listener:address():match "%%d+$"))
      peer:send "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
      while not has_asked do
        core.loop:step()
      end
      local task = core.loop:spawn(function() listener:drain(20) end)
      while task:status() ~= "waiting" do
        core.loop:step()
      end
      local failures = 0
      core.loop:on_error(function()
        failures = failures + 1
        %s
      end)
      coroutine.wrap(function() -- where the first call from inside another needs memory
        allocation.arm(LUA, 1, TWICE)
        while failures == 0 do
          core.loop:step()
        end
        allocation.disarm()
      end)()
      while core.loop:step() do end
      io.write(failures, " ", core.loop:tasks(), " ", #core.loop:handles())
    ]]):format(sink))
  end

  it("ends a little later where there is no memory now", function()
    assert.are.equal("1 0 0", fail_to_end "")
  end)

  it("ends though the listener is closed and collected where there is no memory now", function()
    local sink = "task:close() listener:close() task, listener = nil, nil collectgarbage() collectgarbage()"
    assert.are.equal("1 0 0", fail_to_end(sink))
  end)

  it("refuses connections from then on", function()
    local listener = open(echo)
    local address = listener:address()
    listener:drain(0)
    assert.has_error(function()
      client.connect(address)
    end, "connection refused")
  end)
end)
