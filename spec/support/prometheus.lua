-- SPDX-License-Identifier: MIT
-- Reads Prometheus's text format as strictly as its own parser and the linter of its tools together, and raises on
-- what either refuses.

local prometheus = {}

local NAME = "^[%a_:][%w_:]*$"
local LABEL = "^[%a_][%w_]*$"
local TYPES = { counter = true, gauge = true }

local function fail(number, line, why)
  error(("line %d: %s: %s"):format(number, why, line), 0)
end

local ESCAPES = { ["\\"] = "\\", ['"'] = '"', n = "\n" }

-- A label's value up to its closing quote, and the text after that.
local function read_value(text, refuse)
  local characters, position = {}, 1
  while true do
    local character = text:sub(position, position)
    if character == "" then
      refuse "a label without an end"
    elseif character == '"' then
      return table.concat(characters), text:sub(position + 1)
    elseif character == "\\" then
      position = position + 1
      character = ESCAPES[text:sub(position, position)] or refuse "a bad escape"
    end
    table.insert(characters, character)
    position = position + 1
  end
end

-- The labels between braces, by name, and the text after them.
local function read_labels(text, refuse)
  local labels = {}
  repeat
    local name, rest = text:match '^([^=]*)="(.*)$'
    if not name or not name:find(LABEL) or labels[name] then
      refuse "bad labels"
    end
    labels[name], text = read_value(rest, refuse)
    local separator = text:sub(1, 1)
    text = text:sub(2)
  until separator ~= ","
  return labels, text
end

local function read_sample(line, refuse)
  local name, rest = line:match "^([%w_:]+)(.*)$"
  local labels = {}
  if rest:find "^{" then
    labels, rest = read_labels(rest:sub(2), refuse)
  end
  local value = rest:match "^ (%S+)$"
  if not value or not tonumber(value) then
    refuse "no value"
  end
  return name, labels, tonumber(value)
end

local function read_comment(self, line, refuse)
  local what, name, rest = line:match "^# (%u+) (%S+) (.+)$"
  if not what or not name:find(NAME) then
    refuse "neither HELP nor TYPE"
  elseif what == "HELP" then
    if self.families[name] then
      refuse "a family that stands twice"
    end
    self.families[name] = { help = rest, samples = {} }
    self.current = name
  elseif what ~= "TYPE" or name ~= self.current or self.families[name].type then
    refuse "TYPE does not follow its HELP"
  elseif not TYPES[rest] or (rest == "counter") ~= (name:find "_total$" ~= nil) then
    refuse "a type that does not fit the name"
  else
    self.families[name].type = rest
  end
end

--- Families by name: { help=, type=, samples = { { labels=, value= }... } }.
---@param text string
---@return table<string, table>
function prometheus.parse(text)
  local self, seen, number = { families = {} }, {}, 0
  assert(text:sub(-1) == "\n", "the last line does not end")
  assert(utf8.len(text), "not UTF-8")
  for line in text:gmatch "(.-)\n" do
    number = number + 1
    local function refuse(why)
      fail(number, line, why)
    end
    if line:find "^#" then
      read_comment(self, line, refuse)
    else
      local name, labels, value = read_sample(line, refuse)
      local series = line:match "^(.*) %S+$"
      local family = self.families[name]
      if name ~= self.current or not family.type then
        refuse "a sample outside of its family"
      elseif seen[series] then
        refuse "a series that stands twice"
      end
      seen[series] = true
      table.insert(family.samples, { labels = labels, value = value })
    end
  end
  return self.families
end

return prometheus
