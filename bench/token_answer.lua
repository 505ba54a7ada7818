-- SPDX-License-Identifier: MIT
-- A token asked for over TCP on connections that stay, beside nginx answering the same bytes from its configuration:
-- requests a second as wrk sees them, and the processor time of each. [SECONDS [ROUNDS]]

local process = require "spec.support.process"
local side_by_side = require "bench.side_by_side"
local temporary = require "spec.support.temporary"
local world = require "spec.support.world"

local SECONDS, ROUNDS = tonumber(arg[1] or 3), math.tointeger(tonumber(arg[2] or 5))
local CONNECTIONS = 16
local BEARER = "b3arer-of-the-bench"
local NGINX = [[
daemon off; master_process off; pid @folder/pid; error_log @folder/errors;
events { worker_connections 256; }
http {
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path @folder/b; proxy_temp_path @folder/p; fastcgi_temp_path @folder/f;
  scgi_temp_path @folder/s; uwsgi_temp_path @folder/u;
  server {
    listen @address;
    location / { default_type application/json; add_header Cache-Control no-store; return 200 '@body'; }
  }
}
]]

-- Nanoseconds that the process has had a processor.
local function processor_time(pid)
  local total = 0
  local pipe <close> = assert(io.popen(("cat /proc/%d/task/*/schedstat"):format(pid)))
  for line in pipe:lines() do
    total = total + tonumber(line:match "^%d+")
  end
  return total
end

local function load(url, server)
  local before = processor_time(server.pid)
  local command = ("wrk -t1 -c%d -d%ds -H 'Authorization: Bearer %s' %s"):format(
    CONNECTIONS,
    SECONDS,
    BEARER,
    url
  )
  local pipe <close> = assert(io.popen(command))
  local output = pipe:read "a"
  local requests, rate = output:match "(%d+) requests in", output:match "Requests/sec:%s+([%d.]+)"
  assert(rate and not output:find "Non%-2xx", output)
  return { tonumber(rate), (processor_time(server.pid) - before) / 1000 / tonumber(requests) }
end

local function start_nginx(here, body)
  local address = "127.0.0.1:" .. process.free_port()
  local fields = { folder = here.folder, address = address, body = body }
  temporary.write(here.folder .. "/nginx.conf", (NGINX:gsub("@(%l+)", fields)))
  local words = { "nginx", "-e", "stderr", "-p", here.folder, "-c", here.folder .. "/nginx.conf" }
  local server = here:keep(process.start(here.folder, "nginx", words))
  process.await("nginx", function()
    return os.execute(("curl --silent --output /dev/null http://%s/"):format(address))
  end)
  return server, ("http://%s/"):format(address)
end

local here <close> = world.new { simulator = { ["--access-lifetime"] = 7200 } }
here:serve_api_on_tcp(BEARER)
local gateway = here:start_gateway()
here:start_simulator()
local url = here:api_url() .. "/v1/accounts/default/token"
local body = process.await("a token", function()
  local status, answer = here.curl(url, ("--header 'Authorization: Bearer %s'"):format(BEARER))
  return status == 200 and answer
end)
local nginx, nginx_url = start_nginx(here, body)
side_by_side.run {
  title = ("a token over TCP, %d connections"):format(CONNECTIONS),
  units = { "requests a second", "microseconds of processor a request" },
  rounds = ROUNDS,
  peer = "nginx",
  usher = function()
    return load(url, gateway)
  end,
  of_peer = function()
    return load(nginx_url, nginx)
  end,
}
