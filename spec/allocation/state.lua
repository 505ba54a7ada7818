-- SPDX-License-Identifier: MIT
-- A whole state: made, the core loaded, something left open, closed.
local allocation = require "allocation"

local CODE = [[
  local core = require "usher.core"
  core.timer.start(60000, print)
  core.loop:spawn(function() core.future.new():wait() end)
  core.loop:step()
]]

return function()
  return {
    perform = function()
      allocation.state(CODE)
    end,
  }
end
