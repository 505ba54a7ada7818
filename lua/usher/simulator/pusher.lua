-- SPDX-License-Identifier: MIT
-- Pushes a new code every interval, whether or not the one before it arrived, as the provider does.

local core = require "usher.core"

local pusher = {}

local TIMEOUT_MS = 10000

---@class usher.simulator.Pusher
local Pusher = {}
Pusher.__index = Pusher
Pusher.__name = "usher.simulator.pusher"

local function deliver(self, delivery)
  if delivery.delay then
    self._clock:sleep(delivery.delay)
  end
  delivery.request.timeout_ms = delivery.request.timeout_ms or TIMEOUT_MS
  local response, err = self._transfer(delivery.request)
  self._simulator:note_delivery(delivery.code, response, err)
  self._deliveries[delivery] = nil
end

--- Pushes a code now, beside the schedule. Does not wait for the answer.
function Pusher:push()
  local _, _, deliveries = self._simulator:push()
  for _, delivery in ipairs(deliveries) do
    self._deliveries[delivery] = true
    delivery.task = core.loop:spawn(deliver, self, delivery)
  end
end

local function arm(self, seconds)
  self._timer = self._clock:timer(seconds, function()
    arm(self, self._simulator.options.push_interval)
    self:push()
  end)
end

--- Ends the schedule and the pushes under way. Idempotent.
function Pusher:close()
  self._timer:close()
  for delivery in pairs(self._deliveries) do
    delivery.task:close()
  end
  self._deliveries = {}
end

---@class usher.simulator.pusher.options
---@field simulator usher.Simulator|usher.simulator.Platform
---@field clock usher.Clock
---@field transfer fun(request: table): table?, usher.Error? `core.transfer.perform`
---@field first_push? number seconds until the first push; default: the interval

---@param options usher.simulator.pusher.options
---@return usher.simulator.Pusher
function pusher.start(options)
  local self = setmetatable({
    _simulator = options.simulator,
    _clock = options.clock,
    _transfer = options.transfer,
    _deliveries = {}, -- those under way
    _timer = nil, -- of the next push
  }, Pusher)
  function options.simulator.request_push()
    self:push()
  end
  arm(self, options.first_push or options.simulator.options.push_interval)
  return self
end

return pusher
