-- SPDX-License-Identifier: MIT
-- Runs a configuration file, which is a Lua program of the operator's, and takes what it returns.

local core = require "usher.core"
local errors = require "usher.errors"
local source = require "usher.config.source"
local trust = require "usher.config.trust"

local file = {}

local MAX_INSTRUCTIONS = 100000000 -- some seconds

local function fail(message)
  return errors.fail("bad_configuration", message)
end

-- As Lua shows the file in messages, where long names are shortened.
local function shown_name(path)
  return debug.getinfo(load("", "@" .. path), "S").short_src
end

local function with_whole_path(message, path)
  local shown = shown_name(path)
  return message:sub(1, #shown + 1) == shown .. ":" and path .. message:sub(#shown + 1) or nil
end

local function text_of(value)
  local is_text = type(value) == "string" or (getmetatable(value) or {}).__tostring
  return is_text and tostring(value) or "raised a " .. type(value)
end

-- The line of the file that is being run, from `level` on.
local function line_of(chunk_source, level)
  local info = debug.getinfo(level, "Sl")
  while info and info.source ~= chunk_source do
    level = level + 1
    info = debug.getinfo(level, "Sl")
  end
  return info and info.currentline
end

-- A message handler: wherever the error was raised, the message tells the line of the file that led to it.
local function placing(path)
  return function(value)
    local message = text_of(value)
    local line = line_of("@" .. path, 4)
    return with_whole_path(message, path) or ("%s:%s %s"):format(path, line and line .. ":" or "", message)
  end
end

--- Runs a Lua file; what it returns. Its mistakes are told with file and line.
---@param path string
---@return any value
---@return usher.Error? err bad_configuration
---@return string? text the file's
function file.run(path)
  local text, reason = source.read_file(path)
  if not text then
    return fail(reason)
  end
  local chunk, message = load(text, "@" .. path, "t")
  if not chunk then
    return fail(with_whole_path(message, path) or path .. ": " .. message)
  end
  trust.note_code(path)
  local done, value = xpcall(chunk, placing(path), path)
  if not done then
    return fail(value)
  end
  return value, nil, text
end

--- Runs a configuration file, which is cut if it does not end. Waits.
---@param path string
---@return any value
---@return usher.Error? err bad_configuration
---@return string? text the file's
function file.load(path)
  -- Caught by a C function: after the cut nothing of Lua's can run, and what is not caught is told with a traceback.
  local ended, ran, value, err, text = core.loop:limited(MAX_INSTRUCTIONS, pcall, file.run, path)
  if not ended or not ran then
    return fail(path .. ": it did not end and was cut")
  elseif value == nil and not err then
    return fail(path .. ": returns nothing; a configuration ends with: return usher.gateway { ... }")
  end
  return value, err, text
end

return file
