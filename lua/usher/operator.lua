-- SPDX-License-Identifier: MIT
-- Calls the operator's own functions, routes and hooks: whatever is wrong with one becomes a value to be logged, and a
-- loop of Lua code without an end is cut.

local core = require "usher.core"

local operator = {}

local MAX_INSTRUCTIONS = 20000000 -- about a second

-- What runs where the value is called; nil: nothing of Lua's.
local function function_of(handler)
  local metatable = type(handler) ~= "function" and getmetatable(handler)
  return type(metatable) == "table" and metatable.__call or handler
end

--- Where a handler was written.
---@param handler function|table
---@return string? place "usher.lua:12"; nil: not in Lua
function operator.place(handler)
  local info = debug.getinfo(function_of(handler), "S")
  return info.what ~= "C" and ("%s:%d"):format(info.short_src, info.linedefined) or nil
end

--- Calls a handler as a task of its own. Waits; never raises.
---@param handler function|table
---@param ... any
---@return boolean ok
---@return any result of the handler, its first; or what went wrong, with a traceback
function operator.call(handler, ...)
  local ended, ok, result = core.loop:limited(MAX_INSTRUCTIONS, xpcall, handler, debug.traceback, ...)
  if not ended then
    return false, "cut: it did not end"
  end
  return ok, not ok and tostring(result) or result
end

return operator
