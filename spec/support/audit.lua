-- SPDX-License-Identifier: MIT
-- Loaded before every spec file: after each case no handle is open, no task is stuck, no handler failed
-- unseen, and the garbage collector has run, so that a lifetime fault shows in the case that caused it.

require "spec.support.paths"
local busted = require "busted"
local core = require "usher.core"

local audit = { failures = {} }

core.loop:on_error(function(message)
  table.insert(audit.failures, message)
end)

--- The errors of handlers since the last call: for a spec that provokes them on purpose.
---@return string[]
function audit.take_failures()
  local failures = audit.failures
  audit.failures = {}
  return failures
end

-- Closing is asynchronous: what a case closed may need a few turns of the loop to be gone.
local function settle()
  for _ = 1, 3 do
    collectgarbage()
    core.loop:step()
  end
end

busted.subscribe({ "test", "end" }, function()
  settle()
  local failures = audit.take_failures()
  local problems = {}
  if #failures > 0 then
    table.insert(problems, "a handler failed: " .. table.concat(failures, "\n"))
  end
  local handles = core.loop:handles()
  if #handles > 0 then
    table.insert(problems, "handles left open: " .. table.concat(handles, ", "))
  end
  if core.loop:tasks() > 0 then
    table.insert(problems, "tasks left: " .. core.loop:tasks())
  end
  if #problems > 0 then
    io.stderr:write("audit: ", table.concat(problems, "; "), "\n")
    os.exit(1)
  end
  return nil, true
end)

return audit
