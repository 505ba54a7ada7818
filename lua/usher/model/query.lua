-- SPDX-License-Identifier: MIT
-- The parameters of a callback: those of the URL and of a form-encoded body alike. Pure.

local core = require "usher.core"
local errors = require "usher.errors"

local query = {}

local MAX_PARAMETERS = 64
local FORM = "application/x-www-form-urlencoded"

---@class usher.Query name -> value, decoded
local Query = {}
Query.__index = Query
Query.__name = "usher.query"

local function refuse(message)
  return errors.fail("bad_request", message)
end

-- `+` stays `+`: senders forget to encode the one of base64, and a space has no place in what we read.
local function decode(text)
  local bytes = core.encoding.percent_decode(text)
  if not bytes or bytes:find "%c" or not utf8.len(bytes) then
    return nil
  end
  return bytes
end

local function add_pair(self, pair)
  local name, value = pair:match "^([^=]*)=?(.*)$"
  name, value = decode(name), decode(value)
  if not name or not value or name == "" then
    return refuse "a malformed parameter"
  end
  self._count = self._count + 1
  if self._count > MAX_PARAMETERS then
    return refuse "too many parameters"
  end
  self._repeated[name] = self._values[name] ~= nil or nil
  self._values[name] = value
  return true
end

local function add(self, text)
  for pair in text:gmatch "[^&]+" do
    local ok, err = add_pair(self, pair)
    if not ok then
      return nil, err
    end
  end
  return self
end

local function new()
  return setmetatable({ _values = {}, _repeated = {}, _count = 0 }, Query)
end

--- A parameter's value; nil where it is absent, empty or repeated. Never has a control character.
---@param name string
---@return string? value
---@return usher.Error? err bad_request, says which parameter
function Query:get(name)
  local value = self._values[name]
  if not value then
    return refuse(("parameter %s is missing"):format(name))
  elseif self._repeated[name] then
    return refuse(("parameter %s is repeated"):format(name))
  elseif value == "" then
    return refuse(("parameter %s is empty"):format(name))
  end
  return value
end

--- The names of all parameters, in the order of the alphabet.
---@return string[]
function Query:names()
  local names = {}
  for name in pairs(self._values) do
    table.insert(names, name)
  end
  table.sort(names)
  return names
end

--- Splits on `&` and `=` and percent-decodes (RFC 3986, 2.1); `+` stays `+`.
---@param text string as sent
---@return usher.Query? query
---@return usher.Error? err bad_request: bad percent-encoding, a control character, not UTF-8, too many
function query.parse(text)
  return add(new(), text)
end

--- The parameters of a request's URL and, where its Content-Type says so, of its form-encoded body. One that stands
--- in both is repeated.
---@param request usher.core.Request
---@return usher.Query? query
---@return usher.Error? err bad_request
function query.of_request(request)
  local self, err = add(new(), request.query)
  local content_type = (request.headers["content-type"] or ""):lower()
  if self and request.method == "POST" and content_type:match "^%s*([^;%s]*)" == FORM then
    return add(self, request.body)
  end
  return self, err
end

--- The values of parameters that must all be there, once each and not empty.
---@param request usher.core.Request
---@param names string[]
---@return table<string, string>? values
---@return usher.Error? err bad_request, says which parameter
function query.read(request, names)
  local self, err = query.of_request(request)
  local values = self and {}
  for _, name in ipairs(self and names or {}) do
    values[name], err = self:get(name)
    if err then
      return nil, err
    end
  end
  return values, err
end

return query
