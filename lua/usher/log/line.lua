-- SPDX-License-Identifier: MIT
-- One log line from fields in order, as logfmt or JSON. Whatever a value holds, it stays one value of one line.

local json = require "usher.json"

local line = {}

local MAX_VALUE_BYTES = 2048

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local function escape_byte(byte)
  return ESCAPES[byte] or ("\\x%02x"):format(byte:byte())
end

local function escape_character(character)
  return ("\\u%04x"):format(utf8.codepoint(character))
end

local function quote(text)
  text = text:gsub('[%c"\\]', escape_byte)
  if not utf8.len(text) then
    return '"' .. text:gsub("[\x80-\xff]", escape_byte) .. '"'
  end
  -- C1 controls, line separators and marks that turn the direction of writing.
  for _, pattern in ipairs { "\xc2[\x80-\x9f]", "\xe2\x80[\xa8-\xae]", "\xe2\x81[\xa6-\xa9]" } do
    text = text:gsub(pattern, escape_character)
  end
  return '"' .. text .. '"'
end

local function logfmt_value(value)
  if type(value) ~= "string" then
    return tostring(value)
  elseif value:find "^[%w%-._~:/@+,%[%]()]+$" then
    return value
  end
  return quote(value)
end

-- Shortened at a character, so that valid UTF-8 stays it.
local function shorten(value)
  if type(value) ~= "string" or #value <= MAX_VALUE_BYTES then
    return value
  end
  local last = MAX_VALUE_BYTES
  while last > MAX_VALUE_BYTES - 4 and value:find("^[\x80-\xbf]", last + 1) do
    last = last - 1
  end
  return value:sub(1, last) .. "..."
end

--- `time=... level=info event=...`
---@param names string[] the fields' order
---@param fields table<string, string|number|boolean>
---@return string line with its newline
function line.logfmt(names, fields)
  local parts = {}
  for index, name in ipairs(names) do
    parts[index] = name .. "=" .. logfmt_value(shorten(fields[name]))
  end
  return table.concat(parts, " ") .. "\n"
end

local function json_value(value)
  value = shorten(value)
  if type(value) == "string" and not utf8.len(value) then
    return (value:gsub("[\x80-\xff]", escape_byte))
  elseif type(value) == "number" and value - value ~= 0 then
    return tostring(value)
  end
  return value
end

--- One JSON object.
---@param names string[]
---@param fields table<string, string|number|boolean>
---@return string line with its newline
function line.json(names, fields)
  local object = {}
  for _, name in ipairs(names) do
    object[name] = json_value(fields[name])
  end
  return json.encode(object) .. "\n"
end

return line
