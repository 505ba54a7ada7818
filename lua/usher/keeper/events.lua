-- SPDX-License-Identifier: MIT
-- What the keeper tells the outside: after the write that makes it true, as a log line and to `on_event`.

local core = require "usher.core"

local events = {}

local LEVELS = {
  token_refreshed = "info",
  push_received = "debug",
  push_missed = "warn",
  budget_low = "warn",
  reauthorization_required = "error",
  recovered = "info",
}

--- The names of events there are.
---@type string[]
events.NAMES = {}
for name in pairs(LEVELS) do
  table.insert(events.NAMES, name)
end
table.sort(events.NAMES)

--- Tells of an event. The handler runs as a task of its own: whatever it does, the keeper goes on.
---@param keeper usher.Keeper
---@param name string
---@param account usher.keeper.Account
---@param fields? table<string, string|number|boolean> without secrets
function events.emit(keeper, name, account, fields)
  local event = { account = account.name }
  for key, value in pairs(fields or {}) do
    event[key] = value
  end
  keeper.log[assert(LEVELS[name], "an unknown event")](keeper.log, name, event)
  if keeper.on_event then
    event.event, event.at = name, math.floor(keeper.clock:wall())
    core.loop:spawn(keeper.on_event, event)
  end
end

return events
