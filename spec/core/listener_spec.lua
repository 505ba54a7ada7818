-- SPDX-License-Identifier: MIT
local audit = require "spec.support.audit"
local child = require "spec.support.child"
local client = require "spec.support.socket_client"
local core = require "usher.core"
local peers = require "spec.support.peers"

local connect, get, open = peers.connect, client.get, peers.listen

local function echo(request)
  return { status = 200, body = request.path }
end

describe("listener", function()
  it("gives a handler the request and the peer its response", function()
    local seen
    local listener = open(function(request)
      seen = request
      return { status = 201, headers = { ["X-Answer"] = "yes" }, body = "made" }
    end)
    local peer = connect(listener)
    local response =
      peer:ask "POST /a%20b?c=d&e HTTP/1.1\r\nHost: h\r\nA: 1\r\na: 2\r\nContent-Length: 4\r\n\r\nbody"
    assert.are.equal(201, response.status)
    assert.are.equal("yes", response.headers["x-answer"])
    assert.are.equal("made", response.body)
    assert.matches("^%a%a%a, %d%d %a%a%a %d%d%d%d %d%d:%d%d:%d%d GMT$", response.headers.date)
    local host, port = peer.socket:getsockname()
    assert.are.same({ "POST", "/a%20b", "c=d&e", "body", "1.1", host .. ":" .. port }, {
      seen.method,
      seen.path,
      seen.query,
      seen.body,
      seen.version,
      seen.remote,
    })
    assert.are.same({ host = "h", a = "1, 2", ["content-length"] = "4" }, seen.headers)
  end)

  it("lets a handler wait, in a task of its own for each request", function()
    local futures = {}
    local listener = open(function(request)
      futures[request.path] = core.future.new()
      return { status = 200, body = futures[request.path]:wait() }
    end)
    local first, second = connect(listener):send(get "/1"), connect(listener):send(get "/2")
    client.drive(function()
      return futures["/1"] and futures["/2"]
    end)
    futures["/2"]:resolve "two"
    assert.are.equal("two", second:receive().body)
    futures["/1"]:resolve "one"
    assert.are.equal("one", first:receive().body)
  end)

  it("answers 500 where the handler raises or returns no response, and tells the error sink", function()
    local results = {
      ["/nothing"] = function() end,
      ["/text"] = function()
        return "200"
      end,
      ["/status"] = function()
        return { status = 99 }
      end,
      ["/field"] = function()
        return { status = 200, headers = { ["a\r\nb"] = "c" } }
      end,
      ["/length"] = function()
        return { status = 200, headers = { ["Content-Length"] = "1" } }
      end,
      ["/body"] = function()
        return { status = 200, body = 1 }
      end,
      ["/raise"] = function()
        error "oops"
      end,
      ["/table"] = function()
        error {}
      end,
      ["/yield"] = function()
        coroutine.yield()
      end,
    }
    local listener = open(function(request)
      return results[request.path]()
    end)
    for path in pairs(results) do
      local response = connect(listener):ask(get(path))
      assert.are.equal(500, response.status, path)
      assert.are.equal("close", response.headers.connection, path)
      assert.are.equal(1, #audit.take_failures(), path)
    end
  end)

  it("closes the connection before an aborted response is complete", function()
    local responses = {
      ["/none"] = { abort = true },
      ["/part"] = { status = 200, body = "abc", abort = true },
      ["/all"] = { status = 200, body = "abc" },
    }
    local listener = open(function(request)
      return responses[request.path]
    end)
    local function fetch(path)
      return core.transfer.perform { method = "GET", url = "http://" .. listener:address() .. path }
    end
    for path, code in pairs { ["/none"] = "connection_lost", ["/part"] = "bad_response" } do
      local response, err = fetch(path)
      assert.is_nil(response)
      assert.are.same({ code, true }, { err.code, err.sent })
    end
    assert.are.equal("abc", fetch("/all").body)
  end)

  it("gives errors that reach no handler the bodies it was opened with", function()
    local asked = {}
    local listener = open {
      handler = error,
      error_body = function(status)
        asked[status] = (asked[status] or 0) + 1
        return ("error %d\n"):format(status), "text/x-error"
      end,
    }
    for status, count in pairs(asked) do
      assert.are.equal(1, count, status)
    end
    local response = connect(listener):ask "GET / HTTP/1.1\r\nno colon\r\n\r\n"
    assert.are.equal(400, response.status)
    assert.are.equal("error 400\n", response.body)
    assert.are.equal("text/x-error", response.headers["content-type"])
    assert.are.equal("error 500\n", connect(listener):ask(get "/").body)
    audit.take_failures()
  end)

  it("closes the waiting handlers' tasks when it is closed", function()
    local closed, future = false, core.future.new()
    local listener = open(function()
      local _ <close> = setmetatable({}, {
        __close = function()
          closed = true
        end,
      })
      future:wait()
    end)
    local peer = connect(listener):send(get "/")
    peers.await_tasks(1)
    listener:close()
    listener:close()
    assert.is_true(closed)
    assert.are.equal("", peer:receive_all())
    assert.are.equal(0, listener:connections())
    assert.matches("closed", tostring(listener))
  end)

  it("may be closed by a handler", function()
    local listener
    listener = open(function()
      listener:close()
      return { status = 200 }
    end)
    assert.are.equal("", connect(listener):send(get "/"):receive_all())
  end)

  it("may be closed while a response is being given, whole or faulty", function()
    for _, status in ipairs { 200, "none" } do
      local listener
      local is_closed_well = true
      listener = open(function()
        return setmetatable({}, {
          __index = function(_, name)
            is_closed_well = pcall(listener.close, listener) and is_closed_well
            return name == "status" and status or nil
          end,
        })
      end)
      assert.are.equal("", connect(listener):send(get "/"):receive_all())
      client.drive(function()
        return #core.loop:handles() == 0
      end)
      assert.is_true(is_closed_well)
    end
    assert.are.equal(1, #audit.take_failures()) -- of the faulty one
  end)

  it("survives a peer that goes away while its handler waits", function()
    local future, finished = core.future.new(), false
    local listener = open(function()
      future:wait()
      finished = true
      return { status = 200, body = ("x"):rep(100000) }
    end)
    local peer = connect(listener):send(get "/")
    peers.await_tasks(1)
    peer:close()
    future:resolve()
    client.drive(function()
      return listener:connections() == 0
    end)
    assert.is_true(finished)
  end)

  it("survives the collector at any moment", function()
    collectgarbage "generational"
    local listener = open(function(request)
      collectgarbage "step"
      local body <const> = request.path:rep(10)
      collectgarbage()
      return { status = 200, headers = { ["X-Path"] = request.path }, body = body }
    end)
    for index = 1, 20 do
      local path = "/" .. index
      collectgarbage()
      local response = connect(listener):ask(get(path))
      assert.are.equal(path:rep(10), response.body)
      assert.are.equal(path, response.headers["x-path"])
    end
    collectgarbage "incremental"
  end)

  it("says why it cannot listen", function()
    local function code(options)
      options.handler = echo
      local listener, err = core.listener.open(options)
      assert.is_nil(listener)
      return err.code
    end
    local listener = open(echo)
    local port = tonumber(listener:address():match "%d+$")
    assert.are.equal("address_in_use", code { host = "127.0.0.1", port = port })
    assert.are.equal("bad_address", code { host = "localhost" })
    assert.are.equal("bad_address", code { host = "203.0.113.1" })
  end)

  it("listens again at once on a port that was just in use", function()
    local listener = open(echo)
    local peer = connect(listener)
    peer:ask(get "/")
    local port = tonumber(listener:address():match "%d+$")
    listener:close()
    peer:receive_all()
    open({ handler = echo, port = port }):close()
  end)
end)

describe("a listener that is open when the state closes", function()
  -- `ending` runs while connections are idle, under way, being answered and waiting for their handlers.
  local function close_state(ending)
    return child.run(([[
      local client = require "spec.support.socket_client"
      local core = require "usher.core"
      local future, waiting = core.future.new(), 0
      local function handler(request)
        local _ <close> = setmetatable({}, { __close = function() waiting = waiting - 1 end })
        waiting = waiting + 1
        if request.path == "/wait" then future:wait() end
        if request.path == "/exit" then os.exit(true, true) end
        return { status = 200, body = ("x"):rep(request.path == "/big" and 9000000 or 1) }
      end
      listener = core.listener.open { host = "127.0.0.1", handler = handler }
      local peers = {}
      for index, bytes in ipairs {
        "", "GET / HT", client.get "/", client.get "/wait", client.get "/wait", client.get "/big",
        client.get "/wait" .. client.get "/", "nonsense\r\n\r\n",
      } do
        peers[index] = client.connect(listener:address()):send(bytes)
      end
      client.drive(function() return waiting == 3 and listener:connections() >= 7 end)
      %s
    ]]):format(ending))
  end

  it("leaves nothing behind", function()
    assert.are.equal("", close_state "")
  end)

  it("leaves nothing behind while it drains", function()
    assert.are.equal(
      "",
      close_state [[
      core.loop:spawn(function() listener:drain(60000) end)
      core.loop:step()
      core.loop:step()
    ]]
    )
  end)

  it("leaves nothing behind just after it was closed", function()
    assert.are.equal("", close_state "listener:close()")
  end)

  it("leaves nothing behind when a handler ends the process", function()
    assert.are.equal(
      "",
      close_state [[
      client.connect(listener:address()):ask(client.get "/exit")
    ]]
    )
  end)

  -- What the handlers wait for is younger than the listener and so finalised before it closes their tasks.
  it("leaves nothing behind while its handlers wait for transfers and stores", function()
    assert.are.equal(
      "",
      child.run [[
        local client = require "spec.support.socket_client"
        local core = require "usher.core"
        local socket = require "socket"
        hanging = socket.bind("127.0.0.1", 0)
        local _, port = hanging:getsockname()
        listener = core.listener.open {
          host = "127.0.0.1",
          handler = function(request)
            if request.path == "/transfer" then
              core.transfer.perform { method = "GET", url = ("http://127.0.0.1:%d/"):format(port) }
            else
              core.sqlite.open { path = "/dev/null/missing", application_id = 1 }
            end
          end,
        }
        client.connect(listener:address()):send(client.get "/transfer")
        client.pass(0.05)
        assert(core.loop:tasks() == 1)
        client.connect(listener:address()):send(client.get "/store")
        repeat core.loop:step() until core.loop:tasks() == 2
      ]]
    )
  end)

  it("is closed before a finalizer that refers to it, and may be closed there again", function()
    assert.are.equal(
      "true\n",
      close_state [[
      setmetatable({ listener }, { __gc = function(self)
        self[1]:close()
        print((pcall(self[1].drain, self[1], 1)))
      end })
    ]]
    )
  end)
end)
