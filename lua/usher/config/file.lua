-- SPDX-License-Identifier: MIT
-- Runs a configuration file, which is a Lua program of the operator's, and takes what it returns.

local errors = require "usher.errors"

local file = {}

local function fail(message)
  return errors.fail("bad_configuration", message)
end

--- What the file returns. Its mistakes are told with file and line, as Lua does.
---@param path string
---@return any value
---@return usher.Error? err bad_configuration
function file.load(path)
  local chunk, message = loadfile(path, "t")
  if not chunk then
    return fail(message)
  end
  local done, value = pcall(chunk, path)
  if not done then
    return fail(type(value) == "string" and value or path .. ": raised a " .. type(value))
  elseif value == nil then
    return fail(path .. ": returns nothing; a configuration ends with: return usher.gateway { ... }")
  end
  return value
end

return file
