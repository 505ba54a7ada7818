-- SPDX-License-Identifier: MIT
-- Transfers over TLS, with real handshakes against the openssl command.
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local raw_server = require "spec.support.raw_server"
local temporary = require "spec.support.temporary"
local tls = require "spec.support.tls"

local folder, authority, issued

local function get(url, ca_file)
  return core.transfer.perform { method = "GET", url = url .. "/answer?key=secret", ca_file = ca_file }
end

local function serve(certificate, options)
  return tls.serve(certificate, folder, options)
end

local function assert_refused(code, words, response, err)
  assert.is_nil(response)
  assert.are.equal(code, err.code)
  assert.is_false(err.sent)
  assert.is_true(err.retryable)
  assert.matches(words, err.message)
  assert.not_matches("secret", err.message)
end

-- Variables that libcurl or OpenSSL would listen to.
local function hostile(home)
  local environment = {
    no_proxy = "",
    NO_PROXY = "",
    SSLKEYLOGFILE = home .. "/keys",
    SSL_CERT_FILE = authority.file,
    SSL_CERT_DIR = folder,
    CURL_CA_BUNDLE = authority.file,
    HOME = home,
    NETRC = home .. "/.netrc",
  }
  for _, name in ipairs { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" } do
    environment[name] = "http://127.0.0.1:1"
  end
  return environment
end

describe("a transfer over TLS", function()
  setup(function()
    folder = temporary.folder()
    authority = tls.authority(folder, "authority")
    issued = authority:issue("server", "IP:127.0.0.1")
    temporary.write(folder .. "/answer?key=secret", raw_server.answer '{"ok":true}')
  end)

  teardown(function()
    temporary.remove(folder)
  end)

  for _, version in ipairs { "-tls1_2", "-tls1_3" } do
    it("works with a certificate of the given authority: " .. version, function()
      local server <close> = serve(issued, version)
      local response, err = get(server.url, authority.file)
      assert.is_nil(err)
      assert.are.equal(200, response.status)
      assert.are.equal('{"ok":true}', response.body)
    end)
  end

  it("refuses a certificate of another authority, or of none that the system knows", function()
    local server <close> = serve(issued)
    local other = tls.authority(folder, "other")
    assert_refused("certificate", "certificate", get(server.url, other.file))
    assert_refused("certificate", "certificate", get(server.url))
    assert.are.equal(200, get(server.url, authority.file).status)
  end)

  it("refuses a certificate for another name", function()
    local server <close> = serve(authority:issue("elsewhere", "DNS:elsewhere.example,IP:127.0.0.2"))
    assert_refused("certificate", "127%.0%.0%.1", get(server.url, authority.file))
  end)

  it("refuses an expired certificate", function()
    local server <close> = serve(authority:issue("expired", "IP:127.0.0.1", -1))
    assert_refused("certificate", "expired", get(server.url, authority.file))
  end)

  it("says so when the file of certificates cannot be read", function()
    local server <close> = serve(issued)
    assert_refused("certificate", "", get(server.url, folder .. "/missing.pem"))
  end)

  it("refuses TLS 1.1", function()
    local server <close> = serve(issued, "-tls1_1 -cipher DEFAULT@SECLEVEL=0")
    assert_refused("tls_failed", "TLS", get(server.url, authority.file))
  end)

  it("refuses a server that does not speak TLS, and one that hangs up", function()
    local server <close> = raw_server.start(function(connection, number)
      if number == 1 then
        connection:send(raw_server.answer "plain")
        connection:await_close()
      end
    end)
    local url = server.url:gsub("http:", "https:")
    assert_refused("tls_failed", "TLS", get(url, authority.file))
    assert_refused("tls_failed", "TLS", get(url, authority.file))
  end)

  it("ends at its time-out in the handshake, not sent", function()
    local server <close> = raw_server.start(function(connection)
      connection:await_close()
    end)
    local response, err = core.transfer.perform {
      method = "GET",
      url = server.url:gsub("http:", "https:"),
      timeout_ms = 100,
    }
    assert.is_nil(response)
    assert.are.equal("timeout", err.code)
    assert.is_false(err.sent)
  end)

  it("takes nothing from the environment", function()
    local server <close> = serve(issued)
    local home = temporary.folder()
    finally(function()
      temporary.remove(home)
    end)
    temporary.write(home .. "/.netrc", "default login user password environment\n")
    local output = child.run(
      ([[
        local core = require "usher.core"
        local raw_server = require "spec.support.raw_server"
        local function get(url, ca_file)
          return core.transfer.perform { method = "GET", url = url .. "/answer?key=secret", ca_file = ca_file }
        end
        print(select(2, get(%q)).code)
        print((assert(get(%q, %q)).body))
        local plain = raw_server.start(function(connection)
          connection:send(raw_server.answer(connection:receive().head))
        end)
        io.write(assert(get(plain.url)).body)
      ]]):format(server.url, server.url, authority.file),
      { environment = hostile(home) }
    )
    assert.matches('^certificate\n{"ok":true}\nGET /answer', output)
    assert.not_matches("Authorization", output)
    local keys = io.open(home .. "/keys")
    assert.are.equal("", keys and keys:read "a" or "")
  end)
end)
