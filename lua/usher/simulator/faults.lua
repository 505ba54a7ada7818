-- SPDX-License-Identifier: MIT
-- The faults that are set: read from people, told to people, used up. Pure.

local fault_kinds = require "usher.simulator.fault_kinds"
local json = require "usher.json"

local faults = {}

---@class usher.simulator.Fault
---@field kind string of simulator/fault_kinds.lua
---@field endpoint? "exchange"|"refresh"|"push" nil where the kind has none
---@field count? integer requests that it is for; nil: until it is cleared

---@class usher.simulator.Faults
local Faults = {}
Faults.__index = Faults
Faults.__name = "usher.simulator.faults"

local COMMON = { kind = true, endpoint = true, count = true }

-- reading ---------------------------------------------------------------------------------------------

local function places_of(kind)
  local places = {}
  for endpoint in pairs(kind.at) do
    table.insert(places, endpoint)
  end
  table.sort(places)
  return table.concat(places, ", ")
end

local function check_place(kind, description)
  local endpoint = description.endpoint
  if next(kind.at) and not kind.at[endpoint] then
    return nil, ("'%s' needs an endpoint of: %s"):format(description.kind, places_of(kind))
  elseif not next(kind.at) and endpoint ~= nil then
    return nil, ("'%s' has no endpoint"):format(description.kind)
  end
  local count = description.count
  if count ~= nil and not (next(kind.at) and math.type(count) == "integer" and count > 0) then
    return nil, "'count' is a whole number above 0, of requests"
  end
  return true
end

local function check_names(kind, description)
  for name in pairs(description) do
    if not COMMON[name] and not kind.parameters[name] then
      return nil, ("'%s' takes no '%s'"):format(description.kind, name)
    end
  end
  return true
end

-- Text stands for what JSON would say without its quotes; where text is wanted, JSON's numbers are text too.
local function read_value(parameter, value)
  if value == nil then
    return parameter.default
  elseif parameter.type == "string" and type(value) ~= "string" then
    return json.encode(value)
  elseif parameter.type == "number" then
    value = tonumber(value)
    return value and value >= parameter.least and value < math.huge and (math.tointeger(value) or value)
      or nil
  elseif parameter.type == "boolean" and type(value) ~= "boolean" then
    return ({ ["true"] = true, ["false"] = false })[value]
  end
  return value
end

--- A fault as somebody describes it, checked and made complete.
---@param description table
---@return usher.simulator.Fault? fault
---@return string? reason for people
function faults.read(description)
  local kind = fault_kinds.all[description.kind]
  if not kind then
    return nil,
      ("'%s' is no fault; there are: %s"):format(
        tostring(description.kind),
        table.concat(fault_kinds.names, ", ")
      )
  end
  for _, check in ipairs { check_place, check_names } do
    local ok, reason = check(kind, description)
    if not ok then
      return nil, reason
    end
  end
  local fault = { kind = description.kind, endpoint = description.endpoint, count = description.count }
  for name, parameter in pairs(kind.parameters) do
    fault[name] = read_value(parameter, description[name])
    if fault[name] == nil and description[name] ~= nil then
      return nil, ("'%s' is no %s"):format(name, parameter.type)
    end
  end
  return fault
end

--- A fault from `[ENDPOINT:]KIND[,NAME=VALUE...]`.
---@param text string
---@return usher.simulator.Fault? fault
---@return string? reason for people
function faults.parse(text)
  local place, rest = text:match "^([^,]*)(.*)$"
  local endpoint, kind = place:match "^(%w+):(.*)$"
  local description = { endpoint = endpoint, kind = kind or place }
  for word in rest:gmatch ",([^,]*)" do
    local name, value = word:match "^([%w_]+)=(.*)$"
    if not name then
      return nil, ("'%s' is not NAME=VALUE"):format(word)
    end
    description[name] = value
  end
  if description.count then
    description.count = math.tointeger(tonumber(description.count)) or 0
  end
  return faults.read(description)
end

-- the list --------------------------------------------------------------------------------------------

--- Sets a fault, besides those that are set.
---@param fault usher.simulator.Fault from `read` or `parse`
function Faults:add(fault)
  table.insert(self._list, fault)
end

--- Clears the faults of an endpoint; nil: all.
---@param endpoint? string
function Faults:clear(endpoint)
  local kept = {}
  for _, fault in ipairs(self._list) do
    if endpoint and fault.endpoint ~= endpoint then
      table.insert(kept, fault)
    end
  end
  self._list = kept
end

--- Those that are set, in the order in which they were.
---@return usher.simulator.Fault[]
function Faults:list()
  return table.move(self._list, 1, #self._list, 1, {})
end

local function use(self, index)
  local fault = self._list[index]
  if fault and fault.count then
    fault.count = fault.count - 1
    if fault.count == 0 then
      table.remove(self._list, index)
    end
  end
  return fault
end

--- What befalls this request: the oldest fault that is counted, else the newest that is not.
---@param endpoint "exchange"|"refresh"|"push"
---@return usher.simulator.Fault?
function Faults:take(endpoint)
  local chosen
  for index, fault in ipairs(self._list) do
    if fault.endpoint == endpoint and not fault_kinds.all[fault.kind].is_mode then
      chosen = index
      if fault.count then
        break
      end
    end
  end
  return use(self, chosen)
end

--- The newest fault of a kind that goes together with others.
---@param kind string
---@return usher.simulator.Fault?
function Faults:take_mode(kind)
  for index = #self._list, 1, -1 do
    if self._list[index].kind == kind then
      return use(self, index)
    end
  end
end

--- Seconds that the provider's clock is ahead.
---@return number
function Faults:clock_offset()
  for index = #self._list, 1, -1 do
    if self._list[index].kind == "clock_offset" then
      return self._list[index].seconds
    end
  end
  return 0
end

--- Whether the provider acts on the request that the fault befalls.
---@param fault usher.simulator.Fault
---@return boolean
function faults.lets_act(fault)
  local acts = fault_kinds.all[fault.kind].acts
  if acts == nil then
    return fault.commit == true
  end
  return acts
end

--- No faults.
---@return usher.simulator.Faults
function faults.new()
  return setmetatable({ _list = {} }, Faults)
end

return faults
