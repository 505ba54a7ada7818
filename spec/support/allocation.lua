-- SPDX-License-Identifier: MIT
-- Scripts in which chosen allocations fail: they have the module `allocation` of spec/c/allocation_host.c.

local paths = require "spec.support.paths"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"

local allocation = {}

--- Runs a script to its end, which must be a good one.
---@param script string
---@return string output
function allocation.run(script)
  local folder = temporary.folder()
  local _ <close> = setmetatable({}, {
    __close = function()
      temporary.remove(folder)
    end,
  })
  temporary.write(folder .. "/script.lua", script)
  local command = { paths.build .. "/spec/allocation_host", folder .. "/script.lua" }
  local environment = { LUA_PATH = package.path, LUA_CPATH = package.cpath }
  local program <close> = process.start(folder, "host", command, environment)
  local status = program:wait()
  local output, report = program:output()
  if status ~= 0 then
    error(report, 2)
  end
  return output
end

return allocation
