-- SPDX-License-Identifier: MIT
-- A logger that keeps its lines as tables: { level=, event=, fields... }.

local recorder = {}

local LEVELS = { "debug", "info", "warn", "error" }

--- A logger in the shape of `usher.log`; its lines are `lines`.
---@return table log
---@return table[] lines
function recorder.new()
  local log, lines = {}, {}
  for _, level in ipairs(LEVELS) do
    log[level] = function(_, event, fields)
      local line = { level = level, event = event }
      for name, value in pairs(fields or {}) do
        line[name] = value
      end
      table.insert(lines, line)
    end
  end
  function log.with()
    return log
  end
  function log.conceal() end
  function log.release() end
  function log.configure() end
  return log, lines
end

return recorder
