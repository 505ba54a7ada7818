-- SPDX-License-Identifier: MIT
-- Tables in an order that does not depend on chance. Pure.

local sorted = {}

--- A table's keys, sorted as texts.
---@param from table
---@return any[]
function sorted.keys(from)
  local keys = {}
  for key in pairs(from) do
    table.insert(keys, key)
  end
  table.sort(keys, function(a, b)
    return tostring(a) < tostring(b)
  end)
  return keys
end

return sorted
