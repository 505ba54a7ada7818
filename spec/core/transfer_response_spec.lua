-- SPDX-License-Identifier: MIT
-- What a server may say: answers that are taken, and those that are refused with the right error.
require "spec.support.paths"
local core = require "usher.core"
local raw_server = require "spec.support.raw_server"

local OK = "HTTP/1.1 200 OK\r\n"
local END = "Content-Length: 3\r\n\r\nabc"

-- Answers one request with `bytes`, then ends the connection as `ending` says: "close", "reset" or "stay".
local function exchange(bytes, ending, request)
  local server <close> = raw_server.start(function(connection)
    connection:receive()
    connection:send(bytes)
    if ending == "reset" then
      connection:reset()
    elseif ending == "stay" then
      connection:await_close()
    end
  end)
  request = request or {}
  request.method = request.method or "GET"
  request.url = server.url .. "/?key=secret"
  return core.transfer.perform(request)
end

describe("a response is taken", function()
  local function takes(what, bytes, ending, status, body, request)
    it(what, function()
      local response, err = exchange(bytes, ending, request)
      assert.is_nil(err)
      assert.are.equal(status, response.status)
      assert.are.equal(body, response.body)
    end)
  end

  takes("with a length", OK .. END, "stay", 200, "abc")
  takes("with 512 header lines", OK .. ("a:\r\n"):rep(510) .. END, "stay", 200, "abc")
  takes(
    "in chunks",
    OK .. "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n",
    "stay",
    200,
    "abc"
  )
  takes("that ends with the connection", OK .. "\r\nabc", "close", 200, "abc")
  takes("of HTTP/1.0", "HTTP/1.0 404 Not Found\r\n\r\nabc", "close", 404, "abc")
  takes("without a body: 204", "HTTP/1.1 204 No Content\r\n\r\n", "stay", 204, "")
  takes("to HEAD", OK .. "Content-Length: 999999999\r\n\r\n", "stay", 200, "", { method = "HEAD" })
  takes(
    "after interim ones",
    ("HTTP/1.1 103 Early\r\nContent-Length: 9\r\n\r\n"):rep(9) .. OK .. END,
    "stay",
    200,
    "abc"
  )
  takes("encoded, and stays so", OK .. "Content-Encoding: gzip\r\n" .. END, "stay", 200, "abc")
  takes("of exactly the size allowed", OK .. END, "stay", 200, "abc", { max_body_bytes = 3 })
  takes(
    "that is empty where nothing is allowed",
    OK .. "Content-Length: 0\r\n\r\n",
    "stay",
    200,
    "",
    { max_body_bytes = 0 }
  )

  it("without its trailer fields", function()
    local bytes = OK .. "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Late: 1\r\n\r\n"
    local response = exchange(bytes, "stay")
    assert.are.equal("abc", response.body)
    assert.are.same({ ["transfer-encoding"] = "chunked" }, response.headers)
  end)

  it("without the fields of interim ones", function()
    local response = exchange("HTTP/1.1 103 Early\r\nX-Early: 1\r\n\r\n" .. OK .. END, "stay")
    assert.are.same({ ["content-length"] = "3" }, response.headers)
  end)
end)

describe("a response is refused", function()
  local function refuses(what, code, bytes, ending, request)
    it(what, function()
      local response, err = exchange(bytes, ending or "stay", request)
      assert.is_nil(response)
      assert.are.equal(code, err.code)
      assert.is_true(err.sent)
      assert.is_true(err.retryable)
      assert.not_matches("secret", err.message)
    end)
  end

  local CHUNKED = OK .. "Transfer-Encoding: chunked\r\n\r\n"

  refuses("when the connection closes at once", "connection_lost", "", "close")
  refuses("when the connection is reset at once", "connection_lost", "", "reset")
  refuses(
    "when the connection is reset in the body",
    "connection_lost",
    OK .. "Content-Length: 9\r\n\r\na",
    "reset"
  )
  refuses("that stops in the header section", "bad_response", OK .. "Content-Le", "close")
  refuses("that stops in the body", "bad_response", OK .. "Content-Length: 9\r\n\r\nabc", "close")
  refuses("that stops in a chunk", "bad_response", CHUNKED .. "9\r\nabc", "close")
  refuses("that stops before the last chunk", "bad_response", CHUNKED .. "3\r\nabc\r\n", "close")
  refuses("with a malformed chunk", "bad_response", CHUNKED .. "xyz\r\nabc\r\n0\r\n\r\n")
  refuses("that is not HTTP", "bad_response", "SSH-2.0-OpenSSH_9.2\r\n")
  refuses("that is garbage", "bad_response", "\0\1\2\3\xff", "close")
  refuses("of HTTP/0.9", "bad_response", '{"access_token":"abc"}', "close")
  refuses("of HTTP/1.2", "bad_response", "HTTP/1.2 200 OK\r\n" .. END)
  refuses("of HTTP/2 in text", "bad_response", "HTTP/2 200\r\n" .. END)
  refuses("of HTTP/3 in text", "bad_response", "HTTP/3 200\r\n" .. END)
  refuses("with a status of two digits", "bad_response", "HTTP/1.1 99 OK\r\n" .. END)
  refuses("that changes the protocol", "bad_response", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n")
  refuses("with two lengths", "bad_response", OK .. "Content-Length: 9\r\n" .. END)
  refuses("with one length twice", "bad_response", OK .. "Content-Length: 3\r\n" .. END)
  refuses("with a list of lengths", "bad_response", OK .. "Content-Length: 3, 3\r\n\r\nabc")
  refuses("with a length with a sign", "bad_response", OK .. "Content-Length: +3\r\n\r\nabc")
  refuses("with a negative length", "bad_response", OK .. "Content-Length: -3\r\n\r\nabc")
  refuses("with a length that is no number", "bad_response", OK .. "Content-Length: x\r\n\r\nabc")
  refuses("with length and encoding", "bad_response", OK .. "Transfer-Encoding: chunked\r\n" .. END)
  refuses("with another encoding", "bad_response", OK .. "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
  refuses("with a folded line", "bad_response", OK .. "X-A: a\r\n b\r\n" .. END)
  refuses("with a line without a colon", "bad_response", OK .. "X-A\r\n" .. END)
  refuses("with a line without a name", "bad_response", OK .. ": a\r\n" .. END)
  refuses("with a space before the colon", "bad_response", OK .. "Content-Length : 9\r\n" .. END)
  refuses("with NUL in a field", "bad_response", OK .. "X-A: a\0b\r\n" .. END)
  refuses("with CR in a field", "bad_response", OK .. "X-A: a\rb\r\n" .. END)
  refuses(
    "with an announced body over the limit",
    "response_too_large",
    OK .. "Content-Length: 262145\r\n\r\n"
  )
  refuses(
    "with a length beyond all numbers",
    "response_too_large",
    OK .. "Content-Length: 99999999999999999999\r\n\r\n"
  )
  refuses("with a body over the limit", "response_too_large", OK .. "\r\n" .. ("x"):rep(262145), "close")
  refuses(
    "with chunks over the limit",
    "response_too_large",
    CHUNKED .. ("1\r\na\r\n"):rep(9),
    "stay",
    { max_body_bytes = 8 }
  )
  refuses(
    "with a header line over the limit",
    "response_too_large",
    OK .. "X-A: " .. ("a"):rep(65536) .. "\r\n" .. END
  )
  refuses("with a header line without end", "response_too_large", OK .. "X-A: " .. ("a"):rep(2000000))
  refuses(
    "with header lines over the limit",
    "response_too_large",
    OK .. ("X-A: aaaaaaaa\r\n"):rep(5000) .. END
  )
  -- The status line and Content-Length are two of the 512.
  refuses("with more header lines than 512", "response_too_large", OK .. ("a:\r\n"):rep(511) .. END)
  refuses(
    "with interim responses over the limit",
    "response_too_large",
    ("HTTP/1.1 100 Continue\r\n\r\n"):rep(3000)
  )
  refuses(
    "with trailers over the limit",
    "response_too_large",
    CHUNKED .. "0\r\n" .. ("X-A: aaaaaaaa\r\n"):rep(5000)
  )
  refuses("that never comes", "timeout", "", "stay", { timeout_ms = 100 })
  refuses("that never ends", "timeout", OK .. "Content-Length: 9\r\n\r\nabc", "stay", { timeout_ms = 100 })
end)
