-- SPDX-License-Identifier: MIT
-- usher inside somebody else's loop: `loop:fd()` becomes readable when there is work, `loop:timeout()` says when there
-- is some all the same, `loop:step()` does it without blocking. Here the outer loop is LuaSocket's select.
--
--     lua5.4 examples/outer_loop.lua

local socket = require "socket"
local usher = require "usher"

local loop = usher.loop

-- What select takes: anything with a descriptor.
local descriptor = {
  getfd = function()
    return loop:fd()
  end,
}

-- One turn of the outer loop; its own sockets would stand beside usher's descriptor.
local function turn()
  local timeout_ms = loop:has_ready_tasks() and 0 or loop:timeout()
  socket.select({ descriptor }, nil, timeout_ms and timeout_ms / 1000)
  return loop:step()
end

local listener <close> = assert(usher.http.listen {
  host = "127.0.0.1",
  port = 0,
  handler = function(request)
    return { status = 200, body = "seen " .. request.path }
  end,
})

local is_done = false
loop:spawn(function()
  local response =
    assert(usher.http.request { method = "GET", url = "http://" .. listener:address() .. "/outer" })
  print(response.status, response.body)
  is_done = true
end)

local turns = 0
while not is_done do
  turn()
  turns = turns + 1
end
print("turns of the outer loop", turns > 1 and "several" or "one")
