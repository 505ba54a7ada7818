-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local requests = require "spec.support.requests"

local REFUSED = {
  -- Host and version
  { "bad_request", "no Host", "GET / HTTP/1.1\r\n\r\n" },
  { "bad_request", "two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n" },
  { "bad_request", "two Hosts on 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n" },
  { "bad_request", "user information in Host", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n" },
  { "bad_request", "path in Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n" },
  { "bad_request", "HTTP/0.9", "GET /\r\n\r\n" },
  { "bad_version", "HTTP/0.8", "GET / HTTP/0.8\r\n\r\n" },
  { "bad_version", "HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n" },
  { "bad_version", "HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n" },
  { "bad_version", "HTTP/3.1", "GET / HTTP/3.1\r\nHost: a\r\n\r\n" },
  { "bad_request", "RTSP", "OPTIONS /music RTSP/1.0\r\nHost: a\r\n\r\n" },
  { "bad_request", "ICE", "SOURCE /music ICE/1.0\r\nHost: a\r\n\r\n" },
  { "bad_request", "lower-case protocol", "GET / http/1.1\r\nHost: a\r\n\r\n" },
  -- framing
  { "bad_request", "coding on 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
  {
    "bad_request",
    "coding and length",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  },
  {
    "bad_request",
    "length and coding",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
  },
  {
    "bad_request",
    "empty coding beside a length",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\nContent-Length: 5\r\n\r\nhello",
  },
  {
    "bad_request",
    "length twice",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
  },
  { "bad_request", "list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello" },
  { "bad_request", "signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello" },
  {
    "not_implemented",
    "gzip, chunked",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
  },
  {
    "bad_request",
    "chunked twice",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  },
  {
    "bad_request",
    "chunk size with prefix",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
  },
  {
    "bad_request",
    "folded trailer",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n c\r\n\r\n",
  },
  -- fields
  { "bad_request", "empty name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n" },
  { "bad_request", "space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n" },
  { "bad_request", "folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n" },
  { "bad_request", "line folded by a tab", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n" },
  { "bad_request", "folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n" },
  { "bad_request", "folded after an empty value", "GET / HTTP/1.1\r\nHost: a\r\nX:\r\n c\r\n\r\n" },
  { "bad_request", "NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n" },
  { "bad_request", "DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\x7fc\r\n\r\n" },
  { "bad_request", "bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n" },
  { "bad_request", "bare LF", "GET / HTTP/1.1\nHost: a\n\n" },
  { "bad_request", "bare LF after the request line", "GET / HTTP/1.1\r\n\n" },
  { "bad_request", "bare LF at the end of the header section", "GET / HTTP/1.1\r\nHost: a\r\n\n" },
  {
    "bad_request",
    "bare LF at the end of the header section before a body",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\nhi",
  },
  {
    "bad_request",
    "bare LF after the last chunk",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\n",
  },
  {
    "bad_request",
    "bare LF at the end of the trailer section",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\n",
  },
  -- target and method
  { "not_implemented", "CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "not_implemented", "unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "not_implemented", "lower-case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "bad_request", "TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" },
  { "bad_request", "control character in the target", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "bad_request", "NUL in the target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "bad_request", "tab in the target", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "bad_request", "DEL in the target", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "bad_request", "UTF-8 in the target", "GET /?q=\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "bad_request", "fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "bad_request", "two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "bad_request", "space after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n" },
  { "bad_request", "no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "bad_request", "asterisk with GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "bad_request", "other scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "bad_request", "absolute form without authority", "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "bad_request", "absolute form with a user", "GET http://b@a/ HTTP/1.1\r\nHost: a\r\n\r\n" },
  -- empty lines
  { "bad_request", "bare LF before the request", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "bad_request", "bare CR before the request", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "bad_request", "many empty lines", ("\r\n"):rep(5) .. "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
}

local LIMITS = { line_bytes = 40, headers_bytes = 60, fields = 3, body_bytes = 10 }

local function line_of(length)
  return "GET /" .. ("a"):rep(length - #"GET / HTTP/1.1\r\n") .. " HTTP/1.1\r\n"
end

local function section_of(length)
  return "Host: a\r\nX: " .. ("b"):rep(length - #"Host: a\r\nX: \r\n\r\n") .. "\r\n\r\n"
end

local function chunked(body)
  return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" .. body
end

local OVER_LIMIT = {
  { "uri_too_long", "line", line_of(41) .. "Host: a\r\n\r\n" },
  { "uri_too_long", "endless line", "GET /" .. ("a"):rep(100) },
  { "headers_too_large", "section", line_of(40) .. section_of(61) },
  { "headers_too_large", "endless field", line_of(40) .. "X: " .. ("b"):rep(100) },
  { "headers_too_large", "fields", line_of(40) .. "Host: a\r\nA: a\r\nB: b\r\nC: c\r\n\r\n" },
  { "body_too_large", "length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n" },
  { "body_too_large", "chunk", chunked "b\r\n" },
  { "body_too_large", "chunks", chunked "8\r\n12345678\r\n3\r\n" },
  { "body_too_large", "chunk extensions", chunked("1;" .. ("e"):rep(200)) },
  { "headers_too_large", "trailer", chunked("0\r\nX: " .. ("b"):rep(100)) },
}

describe("request parser", function()
  it("gives the parts of a request", function()
    local request =
      requests.parse_one "GET /callback?code=a%2Fb&x=1 HTTP/1.1\r\nHost: h:80\r\nX-One: \t a b \t\r\n\r\n"
    assert.are.same({
      method = "GET",
      path = "/callback",
      query = "code=a%2Fb&x=1",
      headers = { host = "h:80", ["x-one"] = "a b" },
      body = "",
      version = "1.1",
      keep_alive = true,
    }, request)
  end)

  it("joins the values of a repeated field", function()
    local request = requests.parse_one "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nY: 2\r\nx: 3\r\nX:\r\n\r\n"
    assert.are.equal("1, 3, ", request.headers.x)
  end)

  it("reads bodies by length and by chunks", function()
    assert.are.equal("q=42", requests.parse_one("POST / HTTP/1.0\r\nContent-Length: 4\r\n\r\nq=42").body)
    assert.are.equal(
      "hello",
      requests.parse_one(chunked "2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: x\r\n\r\n").body
    )
    assert.are.equal("", requests.parse_one("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").body)
  end)

  it("drops trailer fields", function()
    assert.is_nil(requests.parse_one(chunked "0\r\nX: evil\r\nHost: b\r\n\r\n").headers.x)
  end)

  it("takes requests that follow each other without losing a byte", function()
    local post = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    local get = "GET /c HTTP/1.1\r\nHost: a\r\n\r\n"
    local found = requests.parse { post .. get .. "\r\n" .. post .. get:sub(1, 9), get:sub(10) }
    local seen = {}
    for _, request in ipairs(found) do
      table.insert(seen, request.path .. request.body)
    end
    assert.are.same({ "/babc", "/c", "/babc", "/c" }, seen)
  end)

  it("knows whether the connection may stay", function()
    local cases = {
      { true, "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
      { false, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" },
      { false, "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Close\r\n\r\n" },
      { false, "GET / HTTP/1.0\r\n\r\n" },
      { true, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" },
      { false, "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n" },
    }
    for _, case in ipairs(cases) do
      assert.are.equal(case[1], requests.parse_one(case[2]).keep_alive, case[2])
    end
  end)

  it("takes the path of an absolute target and its authority for Host", function()
    local request = requests.parse_one "GET http://good:81/p?q HTTP/1.1\r\nHost: evil\r\n\r\n"
    assert.are.same({ "/p", "q", "good:81" }, { request.path, request.query, request.headers.host })
    request = requests.parse_one "GET HTTPS://good?q HTTP/1.0\r\n\r\n"
    assert.are.same({ "/", "q", "good" }, { request.path, request.query, request.headers.host })
  end)

  it("takes OPTIONS *", function()
    assert.are.equal("*", requests.parse_one("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").path)
  end)

  it("ignores Upgrade", function()
    local head = "Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    assert.are.equal("GET", requests.parse_one("GET / HTTP/1.1\r\n" .. head .. "\r\n").method)
    local found = requests.parse {
      "POST / HTTP/1.1\r\n" .. head .. "Content-Length: 2\r\n\r\nhiGET / HTTP/1.1\r\n" .. head .. "\r\n",
    }
    assert.are.equal(2, #found)
    assert.are.equal("hi", found[1].body)
  end)

  it("skips a few empty lines before a request", function()
    assert.are.equal("/", requests.parse_one(("\r\n"):rep(4) .. "GET / HTTP/1.1\r\nHost: a\r\n\r\n").path)
  end)

  it("keeps bytes above 127 in values", function()
    assert.are.equal(
      "\xe9\xa0",
      requests.parse_one("GET / HTTP/1.1\r\nHost: a\r\nX: \xe9\xa0\r\n\r\n").headers.x
    )
  end)

  for _, case in ipairs(REFUSED) do
    it("refuses: " .. case[2], function()
      assert.are.equal(case[1], requests.code_of(case[3]))
      requests.assert_same_for_every_split(case[3], case[2])
    end)
  end

  for _, case in ipairs(OVER_LIMIT) do
    it("holds the limit: " .. case[2], function()
      assert.are.equal(case[1], requests.code_of(case[3], LIMITS))
      requests.assert_same_for_every_split(case[3], case[2], LIMITS)
    end)
  end

  it("takes what just fits", function()
    assert.are.equal("h", requests.parse_one(line_of(40) .. section_of(60), LIMITS).headers.host and "h")
    assert.are.equal(
      "1234567890",
      requests.parse_one(chunked "8\r\n12345678\r\n2\r\n90\r\n0\r\n\r\n", LIMITS).body
    )
    local fields = "Host: a\r\nA: a\r\nB: b\r\n\r\n"
    assert.are.equal("b", requests.parse_one(line_of(40) .. fields, LIMITS).headers.b)
  end)

  it("has the documented limits", function()
    local head = "GET / HTTP/1.1\r\nHost: a\r\n"
    assert.is_nil(requests.code_of(line_of(8192) .. "Host: a\r\n\r\n"))
    assert.are.equal("uri_too_long", requests.code_of(line_of(8193) .. "Host: a\r\n\r\n"))
    assert.is_nil(requests.code_of("GET / HTTP/1.1\r\n" .. section_of(16384)))
    assert.are.equal("headers_too_large", requests.code_of("GET / HTTP/1.1\r\n" .. section_of(16385)))
    assert.is_nil(requests.code_of(head .. ("X: y\r\n"):rep(63) .. "\r\n"))
    assert.are.equal("headers_too_large", requests.code_of(head .. ("X: y\r\n"):rep(64) .. "\r\n"))
    assert.is_nil(requests.code_of(head .. "Content-Length: 65536\r\n\r\n"))
    assert.are.equal("body_too_large", requests.code_of(head .. "Content-Length: 65537\r\n\r\n"))
  end)

  it("stays failed", function()
    local parser <close> = core.http.parser()
    assert.are.equal("bad_request", select(2, parser:feed "GET\0").code)
    assert.are.equal("bad_request", select(2, parser:feed "GET / HTTP/1.1\r\nHost: a\r\n\r\n").code)
  end)

  it("may be fed or closed by a finalizer while the request is being made", function()
    local output = child.run [[
      local core = require "usher.core"
      local fields = {}
      for index = 1, 60 do fields[index] = ("h%d: %s\r\n"):format(index, ("v"):rep(60)) end
      local body = ("b"):rep(20000)
      local request = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 20000\r\n"
        .. table.concat(fields) .. "\r\n" .. body

      -- Calls a method of the parser in the n-th collection of garbage.
      local function call_later(parser, method, n)
        setmetatable({}, { __gc = function()
          if n > 1 then call_later(parser, method, n - 1) else pcall(parser[method], parser, "") end
        end })
      end

      for n = 4, 25 do
        local parser = core.http.parser()
        call_later(parser, n % 2 == 0 and "close" or "feed", n // 2)
        collectgarbage "restart"
        collectgarbage("incremental", 1, 1000, 30) -- every new object collects all garbage
        collectgarbage()
        local found, result = pcall(parser.feed, parser, request)
        collectgarbage "stop"
        assert(not found or result.body == body and result.headers.h60 == ("v"):rep(60))
        assert(n % 2 == 1 or tostring(parser) == "usher.http.parser (closed)")
      end
    ]]
    assert.are.equal("", output)
  end)

  it("raises on misuse", function()
    assert.has_error(function()
      core.http.parser { fields = 0 }
    end, "limits.fields: integer of 1 to 1073741824 expected")
    local parser = core.http.parser()
    parser:close()
    parser:close()
    assert.has_error(function()
      parser:feed ""
    end)
  end)
end)
