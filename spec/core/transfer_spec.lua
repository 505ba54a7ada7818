-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local raw_server = require "spec.support.raw_server"

local answer = raw_server.answer

local function echo(connection)
  while true do
    local request = connection:receive()
    if not request then
      return
    end
    connection.server.seen = request
    connection:send(answer(request.body))
  end
end

local function unused_url()
  local server <close> = raw_server.start(echo)
  return server.url
end

local function perform(url, request)
  request = request or {}
  request.method, request.url = request.method or "GET", url
  return core.transfer.perform(request)
end

describe("a transfer", function()
  it("sends method, headers and body and gives status, headers and body", function()
    local seen
    local server <close> = raw_server.start(function(connection)
      seen = connection:receive()
      local head = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nVary: a\r\nVARY: b"
      connection:send(answer('{"ok":"\0\xff"}', head))
    end)
    local response, err = perform(server.url .. "/token?code=1", {
      method = "POST",
      headers = { Authorization = "key", ["Content-Type"] = "application/json", ["X-Empty"] = "" },
      body = '{"code":"\0"}',
    })
    assert.is_nil(err)
    assert.are.equal(201, response.status)
    assert.are.equal('{"ok":"\0\xff"}', response.body)
    assert.are.same(
      { ["content-type"] = "application/json", vary = "a, b", ["content-length"] = "11" },
      response.headers
    )
    assert.are.equal('{"code":"\0"}', seen.body)
    assert.matches("^POST /token%?code=1 HTTP/1.1\r\n", seen.head)
    assert.matches("\r\nHost: 127.0.0.1:" .. server.port .. "\r\n", seen.head, 1, true)
    assert.matches("\r\nAuthorization: key\r\n", seen.head, 1, true)
    assert.matches("\r\nX-Empty:\r\n", seen.head, 1, true)
    assert.matches("\r\nContent-Length: 12\r\n", seen.head, 1, true)
  end)

  it("adds no field that was not asked for, and never waits for a 100", function()
    local server <close> = raw_server.start(echo)
    local body = ("x"):rep(2 * 1024 * 1024)
    local response = perform(server.url, { method = "PUT", body = body, max_body_bytes = #body })
    assert.are.equal(#body, #response.body)
    for _, name in ipairs { "Expect", "Content%-Type", "User%-Agent", "Accept%-Encoding", "Cookie" } do
      assert.not_matches("\r\n" .. name .. ":", server.seen.head)
    end
  end)

  for method, length in pairs { GET = false, DELETE = false, HEAD = false, POST = "0", PUT = "0", PATCH = "0" } do
    it("knows whether " .. method .. " without a body says so", function()
      local server <close> = raw_server.start(echo)
      assert.are.equal(200, perform(server.url .. "/path", { method = method }).status)
      assert.matches("^" .. method .. " /path HTTP/1.1\r\n", server.seen.head)
      assert.are.equal(length or nil, server.seen.head:match "Content%-Length: (%d+)")
    end)
  end

  it("uses a connection again", function()
    local server <close> = raw_server.start(echo)
    for i = 1, 5 do
      assert.are.equal(tostring(i), perform(server.url, { method = "POST", body = tostring(i) }).body)
    end
    assert.are.equal(1, server.accepted)
  end)

  it("opens another connection when the server has closed the idle one", function()
    local server <close> = raw_server.start(function(connection)
      connection:receive()
      connection:send(answer "once")
    end)
    assert.are.equal("once", perform(server.url).body)
    local closed = core.loop:spawn(function()
      repeat
        server.tick:wait()
      until server.open == 0
    end)
    repeat
      core.loop:step()
    until closed:status() == "ended"
    assert.are.equal("once", perform(server.url).body)
    assert.are.equal(2, server.accepted)
  end)

  it("never sends a request twice, also when a reused connection dies without an answer", function()
    local seen = {}
    local server <close> = raw_server.start(function(connection)
      local request = connection:receive()
      while request do
        table.insert(seen, request.body)
        if #seen > 1 then
          return
        end
        connection:send(answer "first")
        request = connection:receive()
      end
    end)
    assert.are.equal("first", perform(server.url, { method = "POST", body = "one" }).body)
    local response, err = perform(server.url, { method = "POST", body = "two" })
    assert.is_nil(response)
    assert.are.equal("connection_lost", err.code)
    assert.is_true(err.sent)
    assert.are.same({ "one", "two" }, seen)
  end)

  it("calls it a lost connection when the server is gone for good then", function()
    local server
    server = raw_server.start(function(connection)
      connection:receive()
      connection:send(answer "first")
      connection:receive()
      server:close_listening()
    end)
    local _ <close> = server
    assert.are.equal("first", perform(server.url).body)
    local response, err = perform(server.url)
    assert.is_nil(response)
    assert.are.equal("connection_lost", err.code)
    assert.is_true(err.sent)
  end)

  it("does not follow a redirect", function()
    local server <close> = raw_server.start(function(connection)
      connection:receive()
      connection:send(answer("", "HTTP/1.1 302 Found\r\nLocation: /elsewhere"))
      connection:await_close()
    end)
    local response = perform(server.url)
    assert.are.equal(302, response.status)
    assert.are.equal("/elsewhere", response.headers.location)
    assert.are.equal(1, server.accepted)
  end)

  it("ends at its time-out", function()
    local server <close> = raw_server.start(function(connection)
      connection:await_close()
    end)
    local before = core.clock.boot()
    local response, err = perform(server.url .. "/?key=secret", { timeout_ms = 100 })
    assert.is_nil(response)
    assert.are.equal("timeout", err.code)
    assert.is_true(err.sent)
    assert.is_true(err.retryable)
    assert.not_matches("secret", err.message)
    assert.is_true(core.clock.boot() - before < 2)
  end)

  it("reports a refused connection and an unknown host as not sent", function()
    for code, url in pairs { connect_failed = unused_url(), resolve_failed = "http://nonexistent.invalid" } do
      local response, err = perform(url .. "/?key=secret")
      assert.is_nil(response)
      assert.are.equal(code, err.code)
      assert.is_false(err.sent)
      assert.matches("127.0.0.1", code == "resolve_failed" and "127.0.0.1" or err.message, 1, true)
      assert.not_matches("secret", err.message)
    end
  end)

  for _, url in ipairs {
    "",
    "example.org",
    "//example.org",
    "/path",
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "dict://127.0.0.1/",
    "http://",
    "http://127.0.0.1:99999/",
    "http://[::1/",
    "http://user:password@127.0.0.1/",
    "http://127.0.0.1/a b",
    "http://127.0.0.1/\r\nX: y",
    "http://127.0.0.1/\0",
    "http://127.0.0.1\0.example.org/",
  } do
    it("refuses the URL " .. url:gsub("%c", "?"), function()
      local response, err = perform(url)
      assert.is_nil(response)
      assert.are.equal("bad_url", err.code)
      assert.is_false(err.sent)
    end)
  end

  for what, request in pairs {
    ["a header value with CRLF"] = { headers = { ["X-A"] = "a\r\nb: c" } },
    ["a header value with LF"] = { headers = { ["X-A"] = "a\n" } },
    ["a header value with NUL"] = { headers = { ["X-A"] = "a\0b" } },
    ["a header name with a colon"] = { headers = { ["X-A: b"] = "c" } },
    ["a header name with NUL"] = { headers = { ["X\0"] = "c" } },
    ["an empty header name"] = { headers = { [""] = "c" } },
    ["a length of the caller's"] = { headers = { ["content-length"] = "3" } },
    ["a transfer encoding of the caller's"] = { headers = { ["Transfer-Encoding"] = "chunked" } },
    ["Connection"] = { headers = { Connection = "close" } },
    ["Expect"] = { headers = { Expect = "100-continue" } },
    ["a header that is a number"] = { headers = { ["X-A"] = 1 } },
    ["a list of headers"] = { headers = { "X-A: b" } },
    ["headers as a string"] = { headers = "X-A: b" },
    ["a method in lower case"] = { method = "get" },
    ["a method with a line"] = { method = "GET / HTTP/1.1\r\nX: y" },
    ["CONNECT"] = { method = "CONNECT" },
    ["HEAD with a body"] = { method = "HEAD", body = "x" },
    ["a body that is a table"] = { body = {} },
    ["a time-out of 0"] = { timeout_ms = 0 },
    ["a time-out with a fraction"] = { timeout_ms = 0.5 },
    ["a negative size"] = { max_body_bytes = -1 },
    ["a CA file with NUL"] = { ca_file = "a\0b" },
  } do
    it("raises on " .. what, function()
      assert.has_error(function()
        perform("http://127.0.0.1:1/", request)
      end)
      assert.has_no_error(function()
        perform "http://127.0.0.1:1/"
      end)
    end)
  end

  it("raises in a coroutine of somebody else's", function()
    local ok, message = coroutine.resume(coroutine.create(function()
      perform "http://127.0.0.1:1/"
    end))
    assert.is_false(ok)
    assert.matches("this coroutine was not started by usher", message, 1, true)
  end)
end)

describe("many transfers", function()
  it("run 32 at a time, and each ends exactly once", function()
    local active, most, results, batch = 0, 0, {}, core.future.new()
    local server <close> = raw_server.start(function(connection)
      while true do
        local request = connection:receive()
        if not request then
          return
        end
        active = active + 1
        most = math.max(most, active)
        if active == 32 then
          core.timer.start(50, function()
            batch:resolve()
          end)
        end
        batch:wait()
        active = active - 1
        connection:send(answer(request.body))
      end
    end)
    for i = 1, 40 do
      core.loop:spawn(function()
        local response = perform(server.url, { method = "POST", body = tostring(i) })
        table.insert(results, math.tointeger(tonumber(response.body)))
        if #results == 40 then
          core.loop:stop()
        end
      end)
    end
    core.loop:run()
    table.sort(results)
    assert.are.equal(32, most)
    assert.are.equal(40, #results)
    for i = 1, 40 do
      assert.are.equal(i, results[i])
    end
  end)

  it("do not count the time in the queue", function()
    local server <close> = raw_server.start(function(connection, number)
      connection:receive()
      if number <= 32 then
        connection:await_close()
      end
      connection:send(answer "late")
    end)
    local codes, ended = {}, 0
    for i = 1, 33 do
      core.loop:spawn(function()
        local response, err = perform(server.url, { timeout_ms = 300 })
        codes[i] = response and response.status or err.code
        ended = ended + 1
        if ended == 33 then
          core.loop:stop()
        end
      end)
    end
    core.loop:run()
    for i = 1, 32 do
      assert.are.equal("timeout", codes[i])
    end
    assert.are.equal(200, codes[33])
  end)

  it("end when their tasks are closed, waiting or under way, and make room for others", function()
    local hanging = 0
    local server <close> = raw_server.start(function(connection)
      if connection:receive().body == "hang" then
        hanging = hanging + 1
      else
        connection:send(answer "answered")
      end
      connection:await_close()
    end)
    local returned, tasks = 0, {}
    for i = 1, 40 do
      tasks[i] = core.loop:spawn(function()
        perform(server.url, { method = "POST", body = "hang" })
        returned = returned + 1
      end)
    end
    local last = core.loop:spawn(function()
      assert.are.equal("answered", perform(server.url, { method = "POST", body = "answer" }).body)
      core.loop:stop()
    end)
    core.loop:spawn(function()
      repeat
        server.tick:wait()
      until hanging == 32
      for _, task in ipairs(tasks) do
        task:close()
      end
    end)
    core.loop:run()
    assert.are.equal("ended", last:status())
    assert.are.equal(0, returned)
    assert.are.equal(32, hanging)
    assert.are.equal(33, server.accepted)
  end)
end)

describe("a state that closes", function()
  it("drops the transfers under way, those that wait and idle connections", function()
    local output = child.run [[
      local core = require "usher.core"
      local raw_server = require "spec.support.raw_server"
      local server = raw_server.start(function(connection)
        local request = connection:receive()
        if request.body == "answer" then
          connection:send(raw_server.answer "")
        end
        connection:await_close()
      end)
      core.transfer.perform { method = "POST", url = server.url, body = "answer" }
      for _ = 1, 40 do
        core.loop:spawn(core.transfer.perform, { method = "POST", url = server.url, body = "hang" })
      end
      core.loop:spawn(function()
        repeat
          server.tick:wait()
        until server.accepted == 32
        core.loop:stop()
      end)
      core.loop:run()
      print(server.open)
      os.exit(0, true)
    ]]
    assert.are.equal("32\n", output)
  end)

  it("does not wait for a name that is being looked up", function()
    local output = child.run [[
      local core = require "usher.core"
      core.loop:spawn(core.transfer.perform, { method = "GET", url = "http://nonexistent.invalid/" })
      for _ = 1, 3 do
        core.loop:step()
      end
      os.exit(0, true)
    ]]
    assert.are.equal("", output)
  end)

  it("refuses a transfer in a finaliser that runs after the last one", function()
    local output = child.run [[
      local core = require "usher.core"
      _G.early = setmetatable({}, { __gc = function()
        print(select(2, pcall(core.transfer.perform, { method = "GET", url = "http://127.0.0.1:1/" })))
      end })
      core.transfer.perform { method = "GET", url = "http://127.0.0.1:1/" }
      os.exit(0, true)
    ]]
    assert.matches("the state is closing", output, 1, true)
  end)
end)
