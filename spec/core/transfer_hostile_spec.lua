-- SPDX-License-Identifier: MIT
-- A server that means harm: whatever it sends, the transfer ends with an error, soon, and takes no memory.
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local raw_server = require "spec.support.raw_server"
local temporary = require "spec.support.temporary"
local tls = require "spec.support.tls"

local OK = "HTTP/1.1 200 OK\r\n"
local MEMORY_KIB = 4096
local BOMB_BYTES = 100000000

local function memory()
  collectgarbage()
  return tonumber(temporary.read("/proc/self/status"):match "VmRSS:%s+(%d+)")
end

-- Sends `first`, and then `piece` without end.
local function pour(first, piece)
  local block = piece:rep(65536 // #piece)
  return raw_server.start(function(connection)
    connection:receive()
    connection:send(first)
    while connection:send(block) do
    end
  end)
end

local function ask(url, ca_file)
  return core.transfer.perform {
    method = "POST",
    url = url .. "/?key=secret",
    body = "secret",
    timeout_ms = 3000,
    ca_file = ca_file,
  }
end

describe("a server that pours without end", function()
  for what, case in pairs {
    ["interim responses"] = { "", "HTTP/1.1 100 Continue\r\n\r\n" },
    ["header fields"] = { OK, "X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" },
    ["one header line"] = { OK .. "X-A: ", "a" },
    ["a status line"] = { "HTTP/1.1 200 ", "a" },
    ["a body without a length"] = { OK .. "\r\n", "a" },
    ["a body with a length"] = { OK .. "Content-Length: 999999999999\r\n\r\n", "a" },
    ["chunks"] = { OK .. "Transfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n" },
    ["a chunk extension"] = { OK .. "Transfer-Encoding: chunked\r\n\r\n1;", "a", "timeout" },
    ["trailers"] = {
      OK .. "Transfer-Encoding: chunked\r\n\r\n0\r\n",
      "X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
    },
  } do
    it(what .. " is cut off", function()
      local server <close> = pour(case[1], case[2])
      local before, from = memory(), core.clock.boot()
      local response, err = ask(server.url)
      assert.is_nil(response)
      assert.is_true(err.code == (case[3] or "response_too_large") or err.code == "bad_response", err.code)
      assert.is_true(err.retryable and err.sent)
      assert.is_true(core.clock.boot() - from < 4)
      assert.is_true(memory() - before < MEMORY_KIB)
    end)
  end

  it("finds a compressed body of 100 MB left as it is", function()
    local command = ("head -c %d /dev/zero | gzip -9"):format(BOMB_BYTES)
    local bomb = io.popen(command):read "a"
    local server <close> = raw_server.start(function(connection)
      connection:receive()
      connection:send(raw_server.answer(bomb, OK .. "Content-Encoding: gzip"))
    end)
    local before = memory()
    assert.are.equal(#bomb, #ask(server.url).body)
    assert.is_true(memory() - before < MEMORY_KIB)
  end)

  it("is not followed elsewhere", function()
    local elsewhere <close> = raw_server.start(function(connection)
      connection:receive()
    end)
    for _, status in ipairs { 301, 302, 303, 307, 308 } do
      local head = ("HTTP/1.1 %d Moved\r\nLocation: %s/?key=secret"):format(status, elsewhere.url)
      local server <close> = raw_server.start(function(connection)
        connection:receive()
        connection:send(raw_server.answer("", head))
      end)
      assert.are.equal(status, ask(server.url).status)
    end
    assert.are.equal(0, elsewhere.accepted)
  end)
end)

describe("a server with TLS that cannot be trusted gets no byte of the request", function()
  local folder, authority, issued

  setup(function()
    folder = temporary.folder()
    authority = tls.authority(folder, "authority")
    issued = authority:issue("server", "IP:127.0.0.1")
  end)

  teardown(function()
    temporary.remove(folder)
  end)

  local function assert_unsent(code, response, err)
    assert.is_nil(response)
    assert.are.same({ code, false, true }, { err.code, err.sent, err.retryable })
  end

  it("where its certificate is signed by itself", function()
    local server <close> = tls.serve({ certificate = authority.file, key = authority.key }, folder)
    assert_unsent("certificate", ask(server.url))
  end)

  for _, version in ipairs { "-tls1", "-tls1_1" } do
    it("where it speaks no better than " .. version, function()
      local server <close> = tls.serve(issued, folder, version .. " -cipher DEFAULT@SECLEVEL=0")
      assert_unsent("tls_failed", ask(server.url, authority.file))
    end)
  end

  it("where the environment asks for less", function()
    temporary.write(
      folder .. "/openssl.cnf",
      "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
        .. "MinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\nOptions = UnsafeLegacyRenegotiation\n"
    )
    local old <close> = tls.serve(issued, folder, "-tls1_1 -cipher DEFAULT@SECLEVEL=0")
    local output = child.run(
      ([[
        local core = require "usher.core"
        print(select(2, core.transfer.perform { method = "GET", url = %q, ca_file = %q }).code)
      ]]):format(old.url, authority.file),
      {
        environment = {
          OPENSSL_CONF = folder .. "/openssl.cnf",
          CURL_SSL_BACKEND = "none",
          CURL_HOME = folder,
        },
      }
    )
    assert.are.equal("tls_failed\n", output)
  end)
end)
