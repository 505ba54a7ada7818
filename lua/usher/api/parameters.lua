-- SPDX-License-Identifier: MIT
-- Query parameters and bodies of API requests: what is unknown, repeated or malformed is refused, never guessed. Pure.

local errors = require "usher.errors"
local json = require "usher.json"
local query = require "usher.model.query"

local parameters = {}

--- A reader of whole numbers from `low` to `high`.
---@param low integer
---@param high integer
---@return fun(text: string): integer?, string?
function parameters.integer(low, high)
  return function(text)
    local value = text:find "^%d+$" and #text <= 10 and math.tointeger(tonumber(text))
    if not value or value < low or value > high then
      return nil, ("not a whole number from %d to %d"):format(low, high)
    end
    return value
  end
end

--- A reader of account names.
---@param text string
---@return string?
---@return string? fault
function parameters.account_name(text)
  if not text:find "^[%w._-]+$" or #text > 64 then
    return nil, "not an account name"
  end
  return text
end

local function read_one(given, name, reader)
  if not reader then
    return errors.fail("bad_request", "unknown parameter")
  end
  local text, err = given:get(name)
  if not text then
    return nil, err
  end
  local value, fault = reader(text)
  if value == nil then
    return errors.fail("bad_request", ("%s: %s"):format(name, fault))
  end
  return value
end

--- Reads a query string.
---@param text string as in `usher.core.Request`
---@param readers table<string, fun(text: string): any, string?> by parameter; others are refused
---@return table<string, any>? values
---@return usher.Error? err bad_request
function parameters.read(text, readers)
  local given, err = query.parse(text)
  if not given then
    return nil, err
  end
  local values = {}
  for _, name in ipairs(given:names()) do
    values[name], err = read_one(given, name, readers[name])
    if err then
      return nil, err
    end
  end
  return values
end

--- What a body's member may be: a text, and a port.
---@type table<string, {allowed: string, check: fun(value: any): boolean}>
parameters.MEMBERS = {
  text = {
    allowed = "a text",
    check = function(value)
      return type(value) == "string" and value ~= ""
    end,
  },
  port = {
    allowed = "a whole number from 1 to 65535",
    check = function(value)
      return math.type(value) == "integer" and value >= 1 and value <= 65535
    end,
  },
}

--- Reads a body: a JSON object, each member of which may be absent, or nothing.
---@param body string
---@param members table<string, {allowed: string, check: fun(value: any): boolean}> others are refused
---@return table<string, any>? values
---@return usher.Error? err bad_request
function parameters.read_body(body, members)
  if body == "" then
    return {}
  end
  local value, err = json.decode(body, { keeps_null = true })
  if err or type(value) ~= "table" or not body:find "^%s*{" then
    return errors.fail("bad_request", "the body is not a JSON object")
  end
  for name, member in pairs(value) do
    if not members[name] then
      return errors.fail("bad_request", "the body has an unknown member")
    elseif not members[name].check(member) then
      return errors.fail("bad_request", ("%s: not %s"):format(name, members[name].allowed))
    end
  end
  return value
end

return parameters
