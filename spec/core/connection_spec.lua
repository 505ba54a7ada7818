-- SPDX-License-Identifier: MIT
local client = require "spec.support.socket_client"
local core = require "usher.core"
local peers = require "spec.support.peers"

local connect, get, listen = peers.connect, client.get, peers.listen

local function echo(request)
  return { status = 200, body = request.method .. " " .. request.path .. " " .. request.body }
end

-- Answers each request when told so, by its path.
local function slow_handler()
  local futures = {}
  return function(request)
    futures[request.path] = core.future.new()
    futures[request.path]:wait()
    return { status = 200, body = request.path }
  end,
    futures
end

local function assert_error(status, text)
  assert.are.equal(status, tonumber(text:match "^HTTP/1%.1 (%d+) "))
  assert.matches("\r\nConnection: close\r\n", text, 1, true)
  assert.matches("\r\nContent-Type: text/plain\r\n", text, 1, true)
  assert.are.equal(1, select(2, text:gsub("HTTP/1", "")))
end

-- Seconds that `fn` takes.
local function duration(fn)
  local from = core.clock.boot()
  fn()
  return core.clock.boot() - from
end

describe("connection", function()
  it("stays for the next request", function()
    local peer = connect(listen(echo))
    for index = 1, 100 do
      local response = peer:ask(get("/" .. index))
      assert.are.equal(("GET /%d "):format(index), response.body)
      assert.is_nil(response.headers.connection)
    end
  end)

  it("takes a request in any pieces", function()
    local peer = connect(listen(echo))
    local bytes = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
    for index = 1, #bytes do
      peer:send(bytes:sub(index, index))
      core.loop:step()
    end
    assert.are.equal("POST /p hello", peer:receive().body)
  end)

  it("answers pipelined requests in their order", function()
    local peer = connect(listen(echo))
    local list = {}
    for index = 1, 2000 do
      list[index] = get("/" .. index)
    end
    peer:send(table.concat(list))
    for index = 1, 2000 do
      assert.are.equal(("GET /%d "):format(index), peer:receive().body)
    end
  end)

  it("reads the next pipelined request only when the one before is answered", function()
    local handler, futures = slow_handler()
    local peer = connect(listen(handler))
    peer:send(get "/1" .. get "/2" .. get "/3")
    for index = 1, 3 do
      local path = "/" .. index
      client.drive(function()
        return futures[path]
      end)
      client.pass(0.01)
      assert.are.equal(1, core.loop:tasks())
      futures[path]:resolve()
      assert.are.equal(path, peer:receive().body)
    end
  end)

  it("reads nothing meanwhile, however much the peer sends", function()
    local future = core.future.new()
    local peer = connect(listen(function(request)
      if request.path == "/slow" then
        future:wait()
      end
      return { status = 200, body = request.path }
    end))
    peer:send(get "/slow")
    peers.await_tasks(1)
    for _ = 1, 100 do
      peer:send(get("/", "X: " .. ("x"):rep(1000) .. "\r\n"))
      core.loop:step()
    end
    future:resolve()
    assert.are.equal("/slow", peer:receive().body)
    for _ = 1, 100 do
      assert.are.equal("/", peer:receive().body)
    end
  end)

  it("closes after the response where the peer, the protocol or the handler wants it", function()
    local listener = listen(function(request)
      return { status = 200, body = "x", close = request.path == "/close" }
    end)
    for _, bytes in ipairs {
      get("/", "Connection: close\r\n"),
      "GET / HTTP/1.0\r\n\r\n",
      get "/close",
    } do
      local text = connect(listener):send(bytes .. get "/2"):receive_all()
      assert.matches("\r\nConnection: close\r\n", text, 1, true)
      assert.are.equal(1, select(2, text:gsub("HTTP/1", "")))
    end
  end)

  it("stays for HTTP/1.0 with keep-alive, and says so", function()
    local peer = connect(listen(echo))
    for _ = 1, 2 do
      local response = peer:ask "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
      assert.are.equal("keep-alive", response.headers.connection)
    end
  end)

  it("sends no body to HEAD", function()
    local peer = connect(listen(echo))
    peer:send("HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n" .. get("/g", "Connection: close\r\n"))
    local text = peer:receive_all()
    assert.matches("Content%-Length: 8\r\n\r\nHTTP/1.1 200 OK", text)
  end)

  it("tells a client that waits to go on", function()
    local peer = connect(listen(echo))
    peer:send "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    client.drive(function()
      peer:poll()
      return #peer.received > 0
    end)
    assert.are.equal("HTTP/1.1 100 Continue\r\n\r\n", peer.received)
    peer.received = ""
    assert.are.equal("POST / ok", peer:ask("ok").body)
  end)

  it("ignores Upgrade", function()
    local peer = connect(listen(echo))
    local fields = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
    assert.are.equal("GET / ", peer:ask(get("/", fields)).body)
    assert.are.equal("GET /2 ", peer:ask(get "/2").body)
  end)

  for _, case in ipairs {
    { 400, "GET / HTTP/1.1\r\n\r\n" },
    { 400, "GET /\r\n\r\n" },
    { 413, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n" },
    { 414, "GET /" .. ("x"):rep(8192) },
    { 431, "GET / HTTP/1.1\r\nHost: h\r\nX: " .. ("x"):rep(16384) },
    { 505, "GET / HTTP/1.2\r\nHost: h\r\n\r\n" },
  } do
    local status, bytes = table.unpack(case)
    it(("answers %d and closes: %s"):format(status, bytes:match "^[^\r]*":sub(1, 40)), function()
      local peer = connect(listen(error)):send(bytes)
      assert_error(status, peer:receive_all())
      assert.are.equal("closed", peer.ended)
    end)
  end

  it("takes nothing that follows a refused request", function()
    local count = 0
    local listener = listen(function()
      count = count + 1
      return { status = 200 }
    end)
    local text = connect(listener):send(get "/" .. "GET / HTTP/1.1\r\n\r\n" .. get "/2"):receive_all()
    assert.are.equal(1, count)
    assert.matches("^HTTP/1.1 200 .*HTTP/1.1 400 ", text)
  end)

  it("delivers a refusal although the peer goes on sending", function()
    local peer = connect(listen { handler = error, limits = { body_bytes = 10 } })
    peer:send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" .. ("x"):rep(1000000))
    assert_error(413, peer:receive_all())
    assert.are.equal("closed", peer.ended)
  end)

  it("stays after its last response until the peer ends, so that no reset destroys it", function()
    local listener = listen(echo)
    local peer = connect(listener):send(get("/", "Connection: close\r\n"))
    peer:receive_all()
    for _ = 1, 3 do
      peer:send "more"
      client.pass(0.01)
    end
    assert.are.equal(1, listener:connections())
    peer:close()
    client.drive(function()
      return listener:connections() == 0
    end)
  end)

  it("lets go of a peer that does not end after its last response", function()
    local listener = listen(echo)
    connect(listener):send(get("/", "Connection: close\r\n")):receive_all()
    client.drive(function()
      return listener:connections() == 0
    end)
  end)
end)

describe("a peer that ends its side", function()
  it("still gets its response", function()
    local handler, futures = slow_handler()
    local listener = listen(handler)
    local peer = connect(listener):send(get "/")
    peer:finish()
    client.drive(function()
      return futures["/"]
    end)
    futures["/"]:resolve()
    assert.matches("\r\n\r\n/$", peer:receive_all())
    assert.are.equal(0, listener:connections())
  end)

  it("gets 400 for half a request", function()
    for _, bytes in ipairs { "GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf" } do
      local listener = listen(echo)
      local peer = connect(listener):send(bytes)
      peer:finish()
      assert_error(400, peer:receive_all())
      assert.are.equal(0, listener:connections())
    end
  end)

  it("is closed where it had asked for nothing", function()
    local listener = listen(echo)
    local peer = connect(listener)
    peer:finish()
    assert.are.equal("", peer:receive_all())
  end)
end)

describe("a deadline", function()
  -- Wide against what a busy machine may sleep, short against the drips.
  local function limited(name, handler, timeout_ms)
    return listen { handler = handler or echo, [name] = timeout_ms or 60 }
  end

  it("of an idle connection closes it without a word", function()
    local peer = connect(limited "idle_timeout_ms")
    assert.are.equal("", peer:receive_all())
    peer = connect(limited "idle_timeout_ms")
    peer:ask(get "/")
    assert.are.equal("", peer:receive_all())
  end)

  it("of the idle time is not put off by empty lines", function()
    local peer = connect(limited "idle_timeout_ms")
    local seconds = duration(function()
      peer:drip(("\r\n"):rep(50), 1, 0.04)
      peer:receive_all()
    end)
    assert.is_true(seconds < 1.5)
    assert.are.equal("", peer.received)
  end)

  it("of the header section answers 408, however steadily bytes drip", function()
    local peer = connect(limited "headers_timeout_ms")
    local seconds = duration(function()
      peer:drip("GET / HTTP/1.1\r\nHost: h\r\n" .. ("X: x\r\n"):rep(60), 2, 0.01)
      peer:receive_all()
    end)
    assert_error(408, peer.received)
    assert.is_true(seconds < 1.5)
  end)

  it("of the body answers 408, however steadily bytes drip", function()
    local peer = connect(limited "body_timeout_ms")
    peer:send "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 300\r\n\r\n"
    local seconds = duration(function()
      peer:drip(("x"):rep(250), 1, 0.01)
      peer:receive_all()
    end)
    assert_error(408, peer.received)
    assert.is_true(seconds < 1.5)
  end)

  it("starts anew for each request", function()
    local peer = connect(limited("headers_timeout_ms", echo, 400))
    for _ = 1, 5 do
      peer:send "GET / HTTP/1.1\r\n"
      client.pass(0.1)
      assert.are.equal(200, peer:ask("Host: h\r\n\r\n").status)
    end
  end)

  it("does not hold for the handler", function()
    local peer = connect(listen {
      idle_timeout_ms = 300,
      headers_timeout_ms = 300,
      body_timeout_ms = 300,
      write_timeout_ms = 300,
      handler = function()
        local future = core.future.new()
        core.timer.start(400, function()
          future:resolve()
        end)
        future:wait()
        return { status = 200 }
      end,
    })
    assert.are.equal(200, peer:ask(get "/").status)
  end)

  it("of the response cuts off a peer that does not read it", function()
    local listener = limited("write_timeout_ms", function()
      return { status = 200, body = ("x"):rep(15000000) }
    end)
    local peer = connect(listener):send(get "/")
    client.drive(function()
      return listener:connections() == 1
    end)
    client.drive(function()
      return listener:connections() == 0
    end)
    assert.is_true(#peer:receive_all() < 15000000)
  end)
end)
