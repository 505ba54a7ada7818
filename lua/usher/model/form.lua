-- SPDX-License-Identifier: MIT
-- Form-encoded texts (application/x-www-form-urlencoded), for bodies and queries alike. Pure.

local core = require "usher.core"
local sorted = require "usher.config.sorted"

local form = {}

--- The media type of a body.
form.CONTENT_TYPE = "application/x-www-form-urlencoded"

local encode = core.encoding.percent_encode

--- The fields in the order of their names. A space becomes `%20`, which every reader takes.
---@param fields table<string, string|string[]> a list: the name stands once for each
---@return string
function form.encode(fields)
  local pairs_of_form = {}
  for _, name in ipairs(sorted.keys(fields)) do
    local values = type(fields[name]) == "table" and fields[name] or { fields[name] }
    for _, value in ipairs(values) do
      table.insert(pairs_of_form, encode(name) .. "=" .. encode(value))
    end
  end
  return table.concat(pairs_of_form, "&")
end

return form
