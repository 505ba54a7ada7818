-- SPDX-License-Identifier: MIT
-- A Lua interpreter of its own, for what a spec must not do to its own process.

require "spec.support.paths"

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

local function absolute(templates)
  local here = io.popen("pwd"):read "l"
  return (
    templates:gsub("[^;]+", function(template)
      return template:sub(1, 1) == "/" and template or here .. "/" .. template
    end)
  )
end

--- Runs `code` with the checkout's modules. What it writes comes back; a failure raises with what it wrote.
---@param code string Lua
---@param options? {environment?: table<string, string>, folder?: string, before?: string} variables besides those
---of this process; the folder to run in; shell commands to run first
---@return string output
function child.run(code, options)
  options = options or {}
  local set_up = ("package.path = %q package.cpath = %q "):format(
    absolute(package.path),
    absolute(package.cpath)
  )
  local command = ("cd %s && { %s; } && env %s lua5.4 -e %s 2>&1"):format(
    quote(options.folder or "."),
    options.before or ":",
    assignments(options.environment),
    quote(set_up .. code)
  )
  local pipe <close> = assert(io.popen(command))
  local output = pipe:read "a"
  assert(pipe:close(), output)
  return output
end

child.quote = quote

return child
