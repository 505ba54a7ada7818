-- SPDX-License-Identifier: MIT
-- The three records of an account and their JSON texts. Pure.

local errors = require "usher.errors"
local json = require "usher.json"

local records = {}

--- Each is one row, with a version of its own.
records.FIELDS = { "tokens", "inbox", "claim" }

local EMPTY = {
  tokens = function()
    return {}
  end,
  inbox = function()
    return { sequence = 0, pushes = {}, spent = {}, gaps = {} }
  end,
  claim = function()
    return { fence = 0, budgets = {} }
  end,
}

local SHAPES = {} -- field -> key -> type, of what every record has
for field, make in pairs(EMPTY) do
  SHAPES[field] = {}
  for key, value in pairs(make()) do
    SHAPES[field][key] = type(value)
  end
end

--- A record that nothing has happened to.
---@param field "tokens"|"inbox"|"claim"
---@return table
function records.empty(field)
  return EMPTY[field]()
end

--- A copy of the record with some fields changed.
---@generic T: table
---@param record T
---@param changes table
---@return T
function records.with(record, changes)
  local copy = {}
  for key, value in pairs(record) do
    copy[key] = value
  end
  for key, value in pairs(changes) do
    copy[key] = value
  end
  return copy
end

local function write_budgets(budgets)
  local written = {}
  for kind, buckets in pairs(budgets) do
    written[kind] = {}
    for hour, count in pairs(buckets) do
      written[kind][("%d"):format(hour)] = count
    end
  end
  return written
end

-- nil: they are none.
local function read_budgets(budgets)
  local read = {}
  for kind, buckets in pairs(budgets) do
    if type(buckets) ~= "table" then
      return nil
    end
    read[kind] = {}
    for text, count in pairs(buckets) do
      local hour = math.tointeger(text)
      if not hour or math.type(count) ~= "integer" then
        return nil
      end
      read[kind][hour] = count
    end
  end
  return read
end

local function to_json(field, record)
  if field == "inbox" then
    return records.with(record, {
      pushes = json.array(record.pushes),
      spent = json.array(record.spent),
      gaps = json.array(record.gaps),
    })
  elseif field == "claim" then
    return records.with(record, { budgets = write_budgets(record.budgets) })
  end
  return record
end

--- The record's JSON text.
---@param field "tokens"|"inbox"|"claim"
---@param record table
---@return string? text
---@return usher.Error? err invalid_argument: a value that has no JSON form, such as a string that is not UTF-8
function records.encode(field, record)
  local is_encoded, text = pcall(json.encode, to_json(field, record))
  if not is_encoded then
    return errors.fail("invalid_argument", tostring(text))
  end
  return text
end

local function has_shape(field, record)
  for key, kind in pairs(SHAPES[field]) do
    if type(record[key]) ~= kind then
      return false
    end
  end
  return true
end

--- The record of a JSON text.
---@param field "tokens"|"inbox"|"claim"
---@param text string
---@return table? record
---@return usher.Error? err store_corrupt
function records.decode(field, text)
  local record, err = json.decode(text)
  local is_record = type(record) == "table" and has_shape(field, record)
  if is_record and field == "claim" then
    record.budgets = read_budgets(record.budgets)
    is_record = record.budgets ~= nil
  end
  if not is_record then
    return errors.fail("store_corrupt", "a record that is none: " .. (err and err.message or field))
  end
  return record
end

return records
