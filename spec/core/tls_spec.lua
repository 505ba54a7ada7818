-- SPDX-License-Identifier: MIT
-- TLS on a listener, with real handshakes by the openssl command and curl.
require "spec.support.paths"
local audit = require "spec.support.audit"
local child = require "spec.support.child"
local client = require "spec.support.socket_client"
local core = require "usher.core"
local peers = require "spec.support.peers"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"
local tls = require "spec.support.tls"

local get = client.get
local LAST = "Connection: close\r\n"

local folder, authority, issued, certificate

local function echo(request)
  return { status = 200, body = request.method .. " " .. request.path .. " " .. #request.body }
end

local function listen(options)
  options = options or {}
  options.handler = options.handler or echo
  options.tls = options.tls or certificate
  return peers.listen(options)
end

local function converse(listener, bytes, options)
  return tls.converse(folder, listener:address(), bytes, options)
end

local function curl(listener, path, options)
  local words = ("--cacert %s %s https://%s%s"):format(
    authority.file,
    options or "",
    listener:address(),
    path
  )
  return tls.curl(folder, words)
end

local function run(command)
  local pipe <close> = assert(io.popen(command .. " 2>&1"))
  local output = pipe:read "a"
  assert(pipe:close(), output)
end

local Held = {}
Held.__index = Held

-- Asks on a connection that stays.
function Held:ask(path)
  self.requests:write(get(path))
  process.await("an answer", function()
    return self.program:output():find("GET " .. path .. " 0", 1, true)
  end)
end

function Held:close()
  self.requests:close()
  self.program:close()
end
Held.__close = Held.close

-- `openssl s_client`, connected, that sends what is written to `requests`.
local function hold(listener, options)
  local pipe = folder .. "/requests"
  run(("rm -f %s && mkfifo %s"):format(pipe, pipe))
  local command = ("exec openssl s_client %s -connect %s <%s"):format(options, listener:address(), pipe)
  local program = process.start(folder, "held", { "sh", "-c", command })
  local requests = assert(io.open(pipe, "w"))
  requests:setvbuf "no"
  return setmetatable({ program = program, requests = requests }, Held)
end

describe("a listener with a certificate", function()
  setup(function()
    folder = temporary.folder()
    authority = tls.authority(folder, "authority")
    issued = authority:issue("server", "IP:127.0.0.1", 20)
    certificate = assert(core.tls.open(issued.certificate, issued.key))
  end)

  teardown(function()
    certificate:close()
    temporary.remove(folder)
  end)

  for _, version in ipairs { "tls1_2", "tls1_3" } do
    it("answers over " .. version .. ", and says that nothing more comes", function()
      local received, report = converse(listen(), get "/1" .. get("/2", LAST), "-" .. version)
      assert.matches("^HTTP/1.1 200 .*\r\n\r\nGET /1 0HTTP/1.1 200 .*\r\n\r\nGET /2 0$", received)
      assert.not_matches("unexpected eof", report)
    end)
  end

  it("says that nothing more comes where it closes an idle connection", function()
    local received, report = converse(listen { idle_timeout_ms = 50 }, get "/")
    assert.matches("GET / 0$", received)
    assert.not_matches("unexpected eof", report)
  end)

  it("answers curl, which checks the certificate, with one connection for all requests", function()
    local listener = listen()
    local url = ("https://%s/2"):format(listener:address())
    local status, output, report = curl(listener, "/1", "--verbose " .. url)
    assert.are.same({ 0, "GET /2 0GET /1 0" }, { status, output }, report)
    assert.matches("ALPN: server accepted http/1.1", report)
    assert.matches("Re%-using existing connection", report)
  end)

  it("takes and gives large bodies", function()
    local size = 3000000
    local listener = listen {
      limits = { body_bytes = size },
      handler = function(request)
        return { status = 200, body = request.body }
      end,
    }
    local sent = folder .. "/large"
    temporary.write(sent, core.random.bytes(60000):rep(size // 60000))
    assert.are.equal(0, (curl(listener, "/", "-o " .. folder .. "/back --data-binary @" .. sent)))
    assert.is_true(temporary.read(sent) == temporary.read(folder .. "/back"))
  end)

  it("works on a Unix socket too", function()
    local listener = listen { path = folder .. "/socket" }
    assert.matches("GET /u 0$", (converse(listener, get("/u", LAST))))
  end)

  for what, options in pairs {
    ["TLS 1.1"] = "-tls1_1 -cipher DEFAULT@SECLEVEL=0",
    ["keys without forward secrecy"] = "-tls1_2 -cipher kRSA",
    ["encryption that is not authenticated"] = "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA",
    ["another protocol than HTTP/1"] = "-alpn h2",
  } do
    it("refuses " .. what, function()
      local received, report = converse(listen(), get("/", LAST), options)
      assert.are.equal("", received)
      assert.matches("alert", report)
    end)
  end

  for _, case in ipairs {
    { "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384" },
    { "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305" },
  } do
    it("chooses the cipher itself, but ChaCha20 where the client puts it first: " .. case[1], function()
      local held <close> = hold(listen(), "-tls1_2 -cipher " .. case[1])
      held:ask "/"
      assert.are.equal(case[2], held.program:output():match "Cipher is (%S+)")
    end)
  end

  it("refuses to renegotiate", function()
    local held <close> = hold(listen(), "-tls1_2")
    held:ask "/"
    held.requests:write "R\n"
    process.await("a refusal", function()
      return table.concat({ held.program:output() }):find("no renegotiation", 1, true)
    end)
  end)

  for _, version in ipairs { "tls1_2", "tls1_3" } do
    it("resumes no session over " .. version, function()
      local file = folder .. "/session"
      local listener = listen()
      converse(listener, get("/", LAST), ("-%s -sess_out %s"):format(version, file))
      local again = ("openssl s_client -%s -sess_in %s -connect %s </dev/null"):format(
        version,
        file,
        listener:address()
      )
      local _, output = process.run(folder, { "sh", "-c", io.open(file) and again or "echo New, none" })
      assert.matches("New, ", output)
      assert.not_matches("Reused", output)
    end)
  end

  it("lets a peer end its side before it is answered", function()
    local answered = 0
    local listener = listen {
      handler = function()
        local future = core.future.new()
        core.timer.start(50, function()
          future:resolve()
        end)
        future:wait()
        answered = answered + 1
        return { status = 200, body = ("x"):rep(100000) }
      end,
    }
    local input = folder .. "/request"
    temporary.write(input, get "/")
    local command = ("openssl s_client -connect %s <%s"):format(listener:address(), input)
    process.run(folder, { "sh", "-c", command })
    client.drive(function()
      return answered == 1 and listener:connections() == 0
    end)
  end)

  it("closes a connection that does not shake hands, at the deadline of a header section", function()
    local listener = listen { headers_timeout_ms = 60 }
    for _, bytes in ipairs { "", "\22\3\1\2\0\1\0\1\252\3\3" } do
      local peer = peers.connect(listener):send(bytes)
      client.drive(function()
        return listener:connections() == 1
      end)
      assert.are.equal("", peer:receive_all())
      assert.are.equal(0, listener:connections())
    end
  end)

  it("waits for nobody who has not asked when it is drained", function()
    local listener = listen()
    local peer = peers.connect(listener)
    client.drive(function()
      return listener:connections() == 1
    end)
    local from = core.clock.boot()
    listener:drain(2000)
    assert.is_true(core.clock.boot() - from < 1)
    assert.are.equal("", peer:receive_all())
  end)

  it("closes a connection that sends anything but TLS, without a word in clear", function()
    local listener = listen { handler = error }
    for _, bytes in ipairs {
      get "/",
      ("\0"):rep(100),
      "\22\3\1\255\255" .. ("x"):rep(20000),
      "\21\3\3\0\2\2\0",
    } do
      local peer = peers.connect(listener):send(bytes)
      assert.not_matches("HTTP", peer:receive_all())
    end
    assert.are.equal(0, listener:connections())
  end)

  it("survives noise", function()
    local listener = listen { handler = error, headers_timeout_ms = 1000 }
    for size = 1, 60 do
      local noise = core.random.bytes(size * 5)
      peers.connect(listener):send(size % 2 == 0 and "\22\3\1\0" .. noise or noise):finish()
    end
    client.drive(function()
      return listener:connections() == 0
    end)
  end)

  it("cuts off who does not read", function()
    local listener = listen {
      write_timeout_ms = 100,
      handler = function()
        return { status = 200, body = ("x"):rep(15000000) }
      end,
    }
    local input = folder .. "/request"
    temporary.write(input, get "/")
    local command = ("openssl s_client -quiet -connect %s <%s | sleep 5"):format(listener:address(), input)
    local program <close> = process.start(folder, "deaf", { "sh", "-c", command })
    client.drive(function()
      return listener:connections() == 1
    end)
    client.drive(function()
      return listener:connections() == 0
    end)
    assert.is_nil(program:status())
  end)

  it("takes another certificate for new connections, and leaves the others alone", function()
    local listener = listen()
    local options = "-CAfile " .. authority.file .. " -verify_return_error"
    local held <close> = hold(listener, "-quiet " .. options)
    held:ask "/before"
    local other_authority = tls.authority(folder, "second")
    local other = other_authority:issue("second-server", "IP:127.0.0.1")
    local renewed <close> = assert(core.tls.open(other.certificate, other.key))
    listener:secure(renewed)
    renewed:close()
    held:ask "/after"
    assert.are.equal("", (converse(listener, get("/", LAST), options)))
    local second = "-CAfile " .. other_authority.file .. " -verify_return_error"
    assert.matches("GET / 0$", (converse(listener, get("/", LAST), second)))
    listener:secure(nil)
    assert.are.equal("GET /plain 0", peers.connect(listener):ask(get "/plain").body)
    held:ask "/last"
  end)

  it("answers 500 and nothing else where a handler fails", function()
    local received = converse(listen { handler = error }, get "/")
    assert.matches("^HTTP/1.1 500 ", received)
    audit.take_failures()
  end)
end)

describe("core.tls.open", function()
  local base, own

  setup(function()
    base = temporary.folder()
    own = tls.authority(base, "own"):issue("mine", "DNS:h", 3)
    temporary.write(base .. "/empty", "")
    tls.authority(base, "other")
    run(
      ("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=rsa -keyout %s/rsa.key -out %s/rsa.pem"):format(
        base,
        base
      )
    )
    run(
      ("openssl req -x509 -newkey rsa:1024 -nodes -subj /CN=weak -keyout %s/weak.key -out %s/weak.pem"):format(
        base,
        base
      )
    )
    run(("openssl pkey -in %s -aes256 -passout pass:abcd -out %s/sealed.key"):format(own.key, base))
    run(("cp %s %s/cert.key && chmod 600 %s/cert.key"):format(own.certificate, base, base))
    run(("cp %s %s/public.key && chmod 644 %s/public.key"):format(own.key, base, base))
    run(("cp %s %s/group.key && chmod 640 %s/group.key"):format(own.key, base, base))
    run(("chmod 600 %s/sealed.key"):format(base))
  end)

  teardown(function()
    temporary.remove(base)
  end)

  it("tells when the certificate ends", function()
    local opened <close> = assert(core.tls.open(own.certificate, own.key))
    assert.is_true(math.abs(opened:expires_at() - os.time() - 3 * 86400) < 60)
    opened:close()
    assert.has_error(function()
      opened:expires_at()
    end)
    assert.has_error(function()
      core.listener.open { host = "127.0.0.1", handler = print, tls = opened }
    end)
  end)

  it("is asked for again after what is called meanwhile", function()
    local opened = assert(core.tls.open(own.certificate, own.key))
    local function error_body(status)
      opened:close()
      return tostring(status), "text/plain"
    end
    assert.error_matches(function()
      core.listener.open { host = "127.0.0.1", handler = print, tls = opened, error_body = error_body }
    end, "the certificate is closed", 1, true)
  end)

  it("asks nobody for the pass phrase of an encrypted certificate", function()
    local encrypted = base .. "/encrypted.pem"
    local begun = "%0\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC," .. ("0"):rep(32) .. "\n"
    local text = temporary.read(own.certificate):gsub("^%-+BEGIN CERTIFICATE%-+", begun)
    temporary.write(encrypted, text)
    local output = child.run(
      ("print(select(2, require('usher.core').tls.open(%q, %q)).file)"):format(encrypted, own.key),
      { before = "exec </dev/null" }
    )
    assert.are.equal("cert\n", output)
  end)

  it("takes another user's key that a group may read", function()
    if core.identity.own() ~= 0 then
      return -- only root can give the file away
    end
    local key = base .. "/theirs.key"
    run(("cp %s %s && chown 4711 %s && chmod 640 %s"):format(own.key, key, key, key))
    assert(core.tls.open(own.certificate, key)):close()
  end)

  for what, case in pairs {
    ["a missing certificate"] = { "cert", "not found", cert = "/none.pem" },
    ["a folder"] = { "cert", "not a regular file", cert = "" },
    ["an empty file"] = { "cert", "not a certificate chain in PEM", cert = "/empty" },
    ["a key for a certificate"] = { "cert", "not a certificate chain in PEM", cert = "/mine.key" },
    ["a certificate that is too weak"] = { "cert", "key too small", cert = "/weak.pem" },
    ["a missing key"] = { "key", "not found", key = "/none.key" },
    ["a certificate for a key"] = { "key", "not a private key in PEM", key = "/cert.key" },
    ["another certificate's key"] = { "key", "not the key of the certificate", key = "/other.key" },
    ["another kind of key"] = { "key", "not the key of the certificate", key = "/rsa.key" },
    ["an encrypted key"] = { "key", "encrypted", key = "/sealed.key" },
    ["a key that everybody may read"] = { "key", "mode 0644 lets others at the key", key = "/public.key" },
    ["a key that a group may read"] = { "key", "mode 0640 lets others at the key", key = "/group.key" },
  } do
    it("refuses " .. what, function()
      local cert = case.cert and base .. case.cert or own.certificate
      local key = case.key and base .. case.key or own.key
      local opened, err = core.tls.open(cert, key)
      assert.is_nil(opened)
      assert.are.same({ "bad_configuration", case[1] }, { err.code, err.file })
      assert.matches((case[1] == "cert" and cert or key) .. ": ", err.message, 1, true)
      assert.matches(case[2], err.message, 1, true)
    end)
  end
end)
