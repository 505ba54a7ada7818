-- SPDX-License-Identifier: MIT
-- Provider scripts in files of their own, and where in a file something of a script stands.

local file = require "usher.config.file"
local place = require "usher.config.place"
local source = require "usher.config.source"

local origin = {}

local paths = setmetatable({}, { __mode = "k" })

--- Runs a provider script's file. Raises, with file and line, where it is no Lua or returns no table.
---@param path string
---@return usher.Provider script not checked any further
function origin.load(path)
  local script, err = file.run(path)
  if err then
    error(err.message, 0)
  elseif type(script) ~= "table" then
    error(("%s: returns a %s; a provider script returns a table"):format(path, type(script)), 0)
  end
  paths[script] = path
  return script
end

-- The file that a script's functions were written in.
local function path_of(script)
  if type(script) ~= "table" then
    return nil
  end
  for _, value in pairs(script) do
    local path = type(value) == "function" and debug.getinfo(value, "S").source:match "^@(.*)"
    if path then
      return path
    end
  end
end

-- Where the file returns the script: what is missing should stand there, or above.
local function line_of_return(text)
  local line, found = 0, nil
  for content in place.without_comments(text):gmatch "([^\n]*)\n?" do
    line = line + 1
    found = content:find "^return%f[%W]" and line or found
  end
  return found
end

--- Where the word first stands in the script's file, or where the file returns the script.
---@param script any
---@param word? string
---@return string? place "FILE:LINE"; nil: nobody knows the file
function origin.place(script, word)
  local path = paths[script] or path_of(script)
  local text = path and source.read_file(path)
  if not text then
    return nil
  end
  local line = word and place.line(text, { word }) or line_of_return(text)
  return line and ("%s:%d"):format(path, line) or path
end

return origin
