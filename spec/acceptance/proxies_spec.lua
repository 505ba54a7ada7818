-- SPDX-License-Identifier: MIT
-- Behind nginx and HAProxy: whatever the public suites send through them, the listener takes no request that the proxy
-- did not mean, and nobody gets another's answer. Both are services of the machine, so `./dev test` does not bring them
-- there; `./dev setup` does, and so CI has them.
require "spec.support.paths"
local client = require "spec.support.socket_client"
local core = require "usher.core"
local peers = require "spec.support.peers"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"
local torture = require "spec.support.torture"
local vectors = require "spec.support.vectors"

local STEP = torture.rounds(6, 1)
local PATIENCE = 0.1 -- seconds for a proxy that waits for more

local PROXIES = {
  nginx = {
    command = { "nginx", "-e", "stderr", "-p", "@folder", "-c", "@folder/proxy.conf" },
    configuration = [[
daemon off; pid @folder/pid; error_log @folder/errors; worker_processes 1;
events { worker_connections 256; }
http {
  log_format line "$request_uri"; access_log @folder/log line;
  client_body_temp_path @folder/body; proxy_temp_path @folder/proxy; fastcgi_temp_path @folder/fastcgi;
  scgi_temp_path @folder/scgi; uwsgi_temp_path @folder/uwsgi;
  upstream usher { server @backend; keepalive 4; }
  server {
    listen @frontend;
    location / { proxy_pass http://usher; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
]],
  },
  haproxy = {
    command = { "haproxy", "-db", "-f", "@folder/proxy.conf" },
    configuration = [[
global
  log stdout format raw local0
defaults
  mode http
  log global
  log-format "%HU"
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend callbacks
  bind @frontend
  default_backend usher
backend usher
  http-reuse always
  server usher @backend
]],
  },
}

local function is_installed(name)
  return os.execute(("command -v %s >/dev/null"):format(name)) == true
end

describe("a listener behind", function()
  local folder, seen, listener, frontend, program

  local function filled(text)
    return (text:gsub("@(%l+)", { folder = folder, backend = listener:address(), frontend = frontend }))
  end

  local function start(name)
    folder, seen = peers.folder(), {}
    listener = peers.listen {
      handler = function(request)
        seen[request.path] = true
        return { status = 200, body = request.path }
      end,
    }
    frontend = "127.0.0.1:" .. process.free_port()
    temporary.write(folder .. "/proxy.conf", filled(PROXIES[name].configuration))
    local command = {}
    for index, word in ipairs(PROXIES[name].command) do
      command[index] = filled(word)
    end
    program = process.start(folder, name, command)
    process.await(name, function()
      assert(not program:status(), table.concat({ program:output() }))
      return pcall(client.connect, frontend)
    end)
  end

  -- What the proxy took for requests.
  local function logged()
    local output = program:output()
    local file <close> = io.open(folder .. "/log")
    return output .. (file and file:read "a" or "")
  end

  local function send(id, bytes)
    local peer <close> = client.connect(frontend)
    peer.socket:send(bytes .. ("GET /smuggled-%s HTTP/1.1\r\nHost: h\r\n\r\n"):format(id))
    local deadline = core.clock.boot() + PATIENCE
    client.drive(function()
      peer:poll()
      return peer.ended or core.clock.boot() > deadline
    end)
  end

  local function check(suite)
    for index = 1, #suite.cases, STEP do
      local case = suite.cases[index]
      send(case.id, vectors.bytes(case.raw_b64))
      local good <close> = client.connect(frontend)
      local path = "/good-" .. case.id
      assert.are.equal(path, good:ask(client.get(path)).body)
    end
    program:signal "TERM"
    program:wait()
    local log = logged()
    for path in pairs(seen) do
      local is_meant = not path:find "^/smuggled" or log:find(path, 1, true)
      assert.is_truthy(is_meant, path)
    end
  end

  for name in pairs(PROXIES) do
    for _, suite in ipairs { "llhttp-request.json", "http-parser-request.json" } do
      if is_installed(name) then
        vectors.it(it, ("%s is not fooled by %s"):format(name, suite), suite, function(cases)
          start(name)
          finally(function()
            program:close()
          end)
          check(cases)
        end)
      else
        it(("%s is not installed: %s was sent to nobody"):format(name, suite), function()
          assert.is_nil(os.getenv "CI")
          assert.is_false(torture.is_long)
        end)
      end
    end
  end
end)
