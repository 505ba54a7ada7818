-- SPDX-License-Identifier: MIT
-- The simulator on a socket: a listener in front of it, a pusher beside it.

local answers = require "usher.simulator.answers"
local core = require "usher.core"
local pusher = require "usher.simulator.pusher"

local server = {}

---@class usher.simulator.Server
local Server = {}
Server.__index = Server
Server.__name = "usher.simulator.server"

-- The one route that needs the pusher: POST /push sends a code now.
local function handle(self, request)
  if request.path == "/push" and request.method == "POST" then
    self._pusher:push()
    return answers.plain { pushed = true }
  end
  local answer = self._simulator:handle(request)
  if answer.delay then
    self._clock:sleep(answer.delay)
  end
  return answer
end

--- "127.0.0.1:18089"
---@return string
function Server:address()
  return self._listener:address()
end

--- Stops at once. Idempotent.
function Server:close()
  self._pusher:close()
  self._listener:close()
end

---@class usher.simulator.server.options: usher.simulator.pusher.options
---@field address usher.config.Address

--- Listens, and pushes from then on.
---@param options usher.simulator.server.options
---@return usher.simulator.Server? server
---@return usher.Error? err as of `core.listener.open`
function server.start(options)
  local self = setmetatable({ _simulator = options.simulator, _clock = options.clock }, Server)
  local listener, err = core.listener.open {
    host = options.address.host,
    port = options.address.port,
    path = options.address.path,
    handler = function(request)
      return handle(self, request)
    end,
  }
  if not listener then
    return nil, err
  end
  self._listener = listener
  self._pusher = pusher.start(options)
  return self
end

return server
