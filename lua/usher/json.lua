-- SPDX-License-Identifier: MIT
-- JSON through lua-cjson, with the rules it lacks. Knows nothing of the core, so that client commands can
-- use it without loading that.

local cjson = require("cjson").new()

---@class usher.json
local json = {}

local MAX_DEPTH = 32
local MAX_BYTES = 1024 * 1024
local EXACT = 2 ^ 53 -- cjson reads every number as a double
local SHORT = 10 ^ 14 -- and writes 14 digits
local MARK = "\xff" -- never in a string we accept: not UTF-8

cjson.decode_max_depth(MAX_DEPTH)
cjson.decode_invalid_numbers(false)
cjson.encode_max_depth(MAX_DEPTH + 1)
cjson.encode_invalid_numbers(false)
cjson.encode_keep_buffer(false) -- it would keep the last text, tokens and all

--- Writes null where a field must be there: `{ token = json.null }`. Decoding gives it only to who asks for it.
json.null = cjson.null

--- The value, or `json.null` where there is none: a field that is always there.
---@param value any
---@return any
function json.or_null(value)
  if value == nil then
    return json.null
  end
  return value
end

local Array = { __name = "usher.json.array" }

--- Marks a table as an array, so that it is written as one even when empty.
---@generic T: table
---@param list T
---@return T list itself
function json.array(list)
  return setmetatable(list, Array)
end

-- The shape of usher.errors, which loads the core.
local Failure = {
  __tostring = function(err)
    return err.code .. ": " .. err.message
  end,
}

local function fail(message)
  return nil, setmetatable({ code = "bad_json", message = message, retryable = false }, Failure)
end

-- decoding --------------------------------------------------------------------------------------------

local function to_lua_number(number)
  if number - number ~= 0 then
    error({ "number out of range" }, 0)
  end
  return math.abs(number) < EXACT and math.tointeger(number) or number
end

-- cjson's values as ours, in place.
local function convert_members(container, keeps_null)
  for key, member in pairs(container) do
    local kind = type(member)
    if kind == "table" then
      convert_members(member, keeps_null)
    elseif kind == "number" then
      container[key] = to_lua_number(member)
    elseif member == cjson.null and not keeps_null then
      container[key] = nil
    end
  end
end

local function decode(text, keeps_null)
  local holder = { cjson.decode(text) }
  convert_members(holder, keeps_null)
  return holder[1]
end

-- Where the text stops being acceptable before any parsing. cjson lets all of these pass: it stops at a NUL,
-- and copies other bytes as they are.
local function check_text(text, max_bytes)
  if #text > max_bytes then
    return "larger than " .. max_bytes .. " bytes"
  elseif not utf8.len(text) then
    return "not UTF-8"
  elseif text:find "[\0-\8\11\12\14-\31]" then
    return "a raw control character"
  end
end

--- The value of a JSON text; nil without an error for `null`.
---
--- null is nil, also as a member, unless `keeps_null` makes it `json.null`. Whole numbers below 2^53 are integers
--- (`3600`, and `3600.0` too); larger ones stay floats, since their last digits are lost. A number that is not finite
--- is refused, as is nesting deeper than 32. Of a repeated key the last counts. `[]` and `{}` both give an empty table.
---@param text string
---@param options? { max_bytes?: integer, keeps_null?: boolean } default: 1 MiB, false
---@return any value
---@return usher.Error? err bad_json
function json.decode(text, options)
  assert(type(text) == "string", "json.decode: text must be a string")
  options = options or {}
  local refusal = check_text(text, options.max_bytes or MAX_BYTES)
  if refusal then
    return fail(refusal)
  end
  local decoded, value = pcall(decode, text, options.keeps_null == true)
  if decoded then
    return value
  end
  return fail(type(value) == "table" and value[1] or tostring(value))
end

-- encoding --------------------------------------------------------------------------------------------

local prepare

local function checked_string(text)
  if not utf8.len(text) then
    error("json.encode: a string that is not UTF-8", 0)
  end
  return text
end

-- `exact.used`: something must be unmarked afterwards.
local function prepare_number(number, exact)
  if number - number ~= 0 then
    error("json.encode: a number that is not finite", 0)
  end
  local whole = math.tointeger(number)
  if whole and math.abs(whole) < SHORT and whole ~= math.mininteger then
    return whole
  elseif not whole and tonumber(("%.14g"):format(number)) == number then
    return number
  end
  exact.used = true
  return MARK .. (whole and ("%d"):format(whole) or ("%.17g"):format(number))
end

local function prepare_array(list, exact, depth)
  local count = 0
  local copy = {}
  for index, member in pairs(list) do
    if math.type(index) ~= "integer" or index < 1 or index > #list then
      error("json.encode: an array with a hole or another key", 0)
    end
    copy[index] = prepare(member, exact, depth)
    count = count + 1
  end
  if count ~= #list then
    error("json.encode: an array with a hole", 0)
  end
  return copy
end

local function prepare_object(object, exact, depth)
  local copy = {}
  for key, member in pairs(object) do
    if type(key) ~= "string" then
      error("json.encode: an object's key must be a string", 0)
    end
    copy[checked_string(key)] = prepare(member, exact, depth)
  end
  return copy
end

local function prepare_table(value, exact, depth)
  if depth > MAX_DEPTH then
    error("json.encode: nested deeper than " .. MAX_DEPTH, 0)
  end
  local is_array = getmetatable(value) == Array or #value > 0
  if is_array and next(value) == nil then
    exact.used = true
    return MARK .. "[]"
  end
  return (is_array and prepare_array or prepare_object)(value, exact, depth)
end

-- A copy of the value that cjson writes as meant. What it cannot write, long numbers and empty arrays, becomes
-- a marked string.
function prepare(value, exact, depth)
  local kind = type(value)
  if kind == "string" then
    return checked_string(value)
  elseif kind == "number" then
    return prepare_number(value, exact)
  elseif kind == "table" then
    return prepare_table(value, exact, depth + 1)
  elseif kind == "boolean" or value == cjson.null then
    return value
  end
  error("json.encode: a " .. kind .. " has no JSON form", 0)
end

--- The JSON text of a value. An empty table is `{}` unless marked by `json.array`; numbers keep all their
--- digits. Raises on what has no JSON form: functions, userdata, mixed or other keys, arrays with holes, numbers
--- that are not finite, strings that are not UTF-8, nesting deeper than 32.
---@param value any
---@return string
function json.encode(value)
  local exact = { used = false }
  local text = cjson.encode(prepare(value, exact, 0))
  if exact.used then
    text = text:gsub('"' .. MARK .. '([^"]*)"', "%1")
  end
  return text
end

return json
