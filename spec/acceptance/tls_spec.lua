-- SPDX-License-Identifier: MIT
-- Callbacks over TLS, as an operator has them: on an address that other machines reach, with a certificate that is
-- renewed while the gateway runs.

require "spec.support.paths"
local process = require "spec.support.process"
local push_request = require "usher.simulator.push"
local temporary = require "spec.support.temporary"
local tls = require "spec.support.tls"
local world = require "spec.support.world"

local CURL = "--cacert %s --output /dev/null --write-out %%{http_code} 'https://127.0.0.1:%d/callback?%s'"

describe("the callback listener over TLS", function()
  local here, authority, issued, port

  before_each(function()
    here = world.new()
    authority = tls.authority(here.folder, "authority")
    issued = authority:issue("server", "IP:127.0.0.1", 20)
    port = process.free_port()
    here.environment.USHER_CALLBACK_LISTEN = "0.0.0.0:" .. port
    here.environment.USHER_CALLBACK_TLS_CERT = issued.certificate
    here.environment.USHER_CALLBACK_TLS_KEY = issued.key
    here.environment.USHER_LOG_LEVEL = "debug"
  end)

  local function push(code, from)
    local query = ("code=%s&clientId=c1&state=%s"):format(code, push_request.state_of(here.api_key))
    local _, status = tls.curl(here.folder, CURL:format((from or authority).file, port, query))
    return status
  end

  local function copy(from, to)
    temporary.write(to, temporary.read(from))
  end

  it("takes pushes, and new certificates while it runs", function()
    local _ <close> = here
    local gateway = here:start_gateway()
    assert.are.equal("200", push "code-1")
    local _, log = gateway:output()
    assert.not_matches("callback_plain_http", log)
    assert.not_matches("certificate_expires", log)

    temporary.write(issued.certificate, "no certificate")
    gateway:signal "HUP"
    local reason = gateway:await 'event=reload_failed error="([^"]*)"'
    assert.matches("callback.tls.cert " .. issued.certificate .. ": not a certificate chain", reason, 1, true)
    assert.are.equal("200", push "code-2")
    assert.are.equal(78, (here:usher "reload"))

    local second = tls.authority(here.folder, "second")
    local renewed = second:issue("renewed", "IP:127.0.0.1")
    copy(renewed.certificate, issued.certificate)
    copy(renewed.key, issued.key)
    assert.are.equal(0, (here:usher "reload"))
    gateway:await "event=certificate_expires"
    assert.are.equal("000", push "code-3")
    assert.are.equal("200", push("code-4", second))
    gateway:signal "TERM"
    assert.are.equal(0, gateway:wait())
  end)

  it("is refused with 78 and the path where a file cannot be used", function()
    local _ <close> = here
    here.environment.USHER_CALLBACK_TLS_KEY = here.folder .. "/none.key"
    for _, command in ipairs { "check", "run" } do
      local status, _, stderr = here:usher(command)
      assert.are.equal(78, status)
      assert.matches("USHER_CALLBACK_TLS_KEY " .. here.folder .. "/none.key: not found", stderr, 1, true)
    end
    here.environment.USHER_CALLBACK_TLS_KEY = issued.key
    assert(os.execute("chmod 604 " .. issued.key))
    local status, _, stderr = here:usher "check"
    assert.are.equal(78, status)
    assert.matches("mode 0604 lets others at the key; allowed: 0600", stderr, 1, true)
  end)
end)
