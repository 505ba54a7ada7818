-- SPDX-License-Identifier: MIT
-- Tasks that change the same account take turns, in the order in which they come: nobody loses a race again and
-- again against a crowd.

local core = require "usher.core"

local turns = {}

---@class usher.store.Place to be closed: ends the turn, or the wait for it
---@field private _line usher.store.Place[]
---@field private _future? usher.core.Future
local Place = {}
Place.__index = Place
Place.__name = "usher.store.place"

--- Waits until the place is the first one.
function Place:await()
  if self._future then
    self._future:wait()
  end
end

function Place.__close(place)
  local line = place._line
  local was_first = line[1] == place
  for index, each in ipairs(line) do
    if each == place then
      table.remove(line, index)
      break
    end
  end
  local next_one = line[1]
  if not next_one then
    place._lines[place._name] = nil
  elseif was_first then
    next_one._future:resolve()
  end
end

---@class usher.store.Turns
---@field private _lines table<string, usher.store.Place[]>
local Turns = {}
Turns.__index = Turns
Turns.__name = "usher.store.turns"

--- A place in the line for a name, which ends when it is closed.
---@param name string
---@return usher.store.Place
function Turns:enter(name)
  local line = self._lines[name] or {}
  self._lines[name] = line
  local place = setmetatable({ _lines = self._lines, _line = line, _name = name }, Place)
  place._future = #line > 0 and core.future.new() or nil
  table.insert(line, place)
  return place
end

---@return usher.store.Turns
function turns.new()
  return setmetatable({ _lines = {} }, Turns)
end

return turns
