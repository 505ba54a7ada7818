-- SPDX-License-Identifier: MIT
-- The operator's own functions on events: `on = { token_refreshed = function(event) ... end }`. Each runs as a task
-- of its own, and no fault in one reaches the keeper.

local core = require "usher.core"
local operator = require "usher.operator"

local hooks = {}

local function call(name, handler, event, log)
  local ok, fault = operator.call(handler, event)
  if not ok then
    log:error("hook_failed", { hook = name, place = operator.place(handler), error = fault })
  end
end

--- A function that hands each event to the handler of its name, if there is one. Never waits, never raises.
---@param handlers table<string, fun(event: table)>
---@param log usher.Logger
---@return fun(event: {event: string})
function hooks.new(handlers, log)
  return function(event)
    local handler = handlers[event.event]
    if handler then
      core.loop:spawn(call, event.event, handler, event, log)
    end
  end
end

return hooks
