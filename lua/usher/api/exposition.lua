-- SPDX-License-Identifier: MIT
-- Prometheus's text format, version 0.0.4. Pure.

local exposition = {}

exposition.CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

local HELP_ESCAPES = { ["\\"] = "\\\\", ["\n"] = "\\n" }
local LABEL_ESCAPES = { ["\\"] = "\\\\", ["\n"] = "\\n", ['"'] = '\\"' }

---@class usher.api.Family
---@field name string
---@field type "counter"|"gauge"
---@field help string
---@field samples usher.api.Sample[]

---@class usher.api.Sample
---@field labels string[] name, value, name, value...: in the order in which they are written
---@field value number

local function number(value)
  return math.type(value) == "integer" and ("%d"):format(value) or ("%.17g"):format(value)
end

local function labels_text(labels)
  local pairs_of_labels = {}
  for index = 1, #labels, 2 do
    local escaped = labels[index + 1]:gsub('[\\\n"]', LABEL_ESCAPES)
    table.insert(pairs_of_labels, ('%s="%s"'):format(labels[index], escaped))
  end
  return #pairs_of_labels > 0 and ("{%s}"):format(table.concat(pairs_of_labels, ",")) or ""
end

local function add_family(lines, family)
  table.insert(lines, ("# HELP %s %s"):format(family.name, (family.help:gsub("[\\\n]", HELP_ESCAPES))))
  table.insert(lines, ("# TYPE %s %s"):format(family.name, family.type))
  for _, sample in ipairs(family.samples) do
    table.insert(lines, ("%s%s %s"):format(family.name, labels_text(sample.labels), number(sample.value)))
  end
end

--- The text of families, in their order; one without samples is left out.
---@param families usher.api.Family[]
---@return string
function exposition.write(families)
  local lines = {}
  for _, family in ipairs(families) do
    if #family.samples > 0 then
      add_family(lines, family)
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

return exposition
