-- SPDX-License-Identifier: MIT
-- A Lua interpreter of its own, for what a spec must not do to its own process.

local paths = require "spec.support.paths"

local child = {}

local function quote(text)
  return "'" .. text:gsub("'", [['\'']]) .. "'"
end

local function assignments(environment)
  local list = {}
  for name, value in pairs(environment or {}) do
    table.insert(list, quote(name .. "=" .. value))
  end
  return table.concat(list, " ")
end

--- Runs `code` with the checkout's modules. What it writes comes back; a failure raises with what it wrote.
---@param code string Lua
---@param environment? table<string, string> variables besides those of this process
---@return string output
function child.run(code, environment)
  local set_up = ("package.path = %q package.cpath = %q "):format(package.path, package.cpath)
  local command = ("env %s lua5.4 -e %s 2>&1"):format(assignments(environment), quote(set_up .. code))
  local pipe <close> = assert(io.popen(command))
  local output = pipe:read "a"
  assert(pipe:close(), output)
  return output
end

--- A folder that is removed after the spec that asked for it.
---@param finally fun(cleanup: function) busted's
---@return string path
function child.folder(finally)
  local path = assert(io.popen("mktemp -d"):read "l")
  finally(function()
    os.execute("rm -rf " .. quote(path))
  end)
  return path
end

child.quote = quote
child.build = paths.build

return child
