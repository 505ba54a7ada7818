-- SPDX-License-Identifier: MIT
-- Requests through listeners on TCP and on a Unix socket, answered at once and later, and by a route that fails.
local core = require "usher.core"

local HEADERS = { ["x-long"] = ("x"):rep(2000), ["content-type"] = "text/plain" }

local function handle(request)
  if request.path == "/fail" then
    error "on purpose"
  end
  local later = core.future.new()
  local timer <close> = core.timer.start(1, function()
    later:resolve()
  end, 1)
  later:wait()
  assert(timer)
  return { status = 200, headers = HEADERS, body = request.body .. (request.headers["x-long"] or "") }
end

local function post(listener, path)
  return core.transfer.perform {
    method = "POST",
    url = "http://" .. listener:address() .. path,
    headers = HEADERS,
    body = ("b"):rep(5000),
    timeout_ms = 3000,
  }
end

return function(folder)
  return {
    perform = function()
      local unix <close> = assert(core.listener.open { path = folder .. "/socket", handler = handle })
      local listener <close> = assert(core.listener.open {
        host = "127.0.0.1",
        handler = handle,
        error_body = function(status)
          return "error " .. status, "text/plain"
        end,
      })
      local response = assert(post(listener, "/"))
      assert(response.status == 200 and #response.body == 7000 and #response.headers["x-long"] == 2000)
      assert(assert(post(listener, "/" .. ("y"):rep(9000))).status == 414)
      local none, err =
        core.transfer.perform { method = "GET", url = "http://127.0.0.1:1/", timeout_ms = 3000 }
      assert(none == nil and err.code == "connect_failed", err and err.code)
      assert(unix:connections() == 0)
      listener:drain(1000)
    end,
  }
end
