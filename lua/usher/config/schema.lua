-- SPDX-License-Identifier: MIT
-- Checks a table of settings against the keys there are: what is unknown, missing or of another kind is found, and
-- told with the key's path. Pure.

local deferred = require "usher.config.deferred"
local errors = require "usher.errors"
local refusal = require "usher.config.refusal"
local sorted = require "usher.config.sorted"
local suggestion = require "usher.config.suggestion"

local schema = {}

---@alias usher.config.Shape usher.config.Key|{members: table<string, usher.config.Shape>}

---@class usher.config.Finding
---@field keys (string|integer)[] the path of the key that is to blame
---@field message string begins with that path
---@field place? string where the fault is, if not where the key is: "FILE:LINE"

--- A path as people write it: `callback.allow[2]`.
---@param keys (string|integer)[]
---@return string
function schema.path(keys)
  local text = ""
  for _, key in ipairs(keys) do
    if type(key) ~= "string" then
      text = ("%s[%s]"):format(text, tostring(key))
    else
      text = text == "" and key or text .. "." .. key
    end
  end
  return text
end

local function extended(keys, key)
  local longer = table.move(keys, 1, #keys, 1, {})
  table.insert(longer, type(key) == "string" and key or math.tointeger(key) or tostring(key))
  return longer
end

--- A finding about a key.
---@param keys (string|integer)[]
---@param phrase string follows the path
---@return usher.config.Finding
function schema.finding(keys, phrase)
  return { keys = keys, message = schema.path(keys) .. " " .. phrase }
end

--- A finding about a key that is not there: its place is that of the table that should have it.
---@param keys (string|integer)[]
---@param phrase string follows the path
---@return usher.config.Finding
function schema.missing(keys, phrase)
  local finding = schema.finding(keys, phrase)
  finding.keys = table.move(keys, 1, #keys - 1, 1, {})
  return finding
end

--- All findings as one error, which tells the first.
---@param findings usher.config.Finding[] at least one
---@return nil
---@return usher.Error err bad_configuration with `findings`
function schema.failure(findings)
  return errors.fail("bad_configuration", findings[1].message, { findings = findings })
end

--- Keys by path, as one shape of nested tables.
---@param keys table<string, usher.config.Key>
---@return usher.config.Shape
function schema.shape(keys)
  local root = { members = {} }
  for path, key in pairs(keys) do
    local target, parent, leaf = root, path:match "^(.-)%.?([%w_]+)$"
    for name in parent:gmatch "[%w_]+" do
      target.members[name] = target.members[name] or { members = {} }
      target = target.members[name]
    end
    target.members[leaf] = key
  end
  return root
end

local function add_paths(shape, keys, paths)
  for name, member in pairs(shape.members or {}) do
    local longer = extended(keys, name)
    table.insert(paths, schema.path(longer))
    add_paths(member, longer, paths)
  end
end

-- The paths of all keys of the shape, sorted.
local function paths_of(shape, keys)
  local paths = {}
  add_paths(shape, keys, paths)
  table.sort(paths)
  return paths
end

local function unknown(self, keys)
  local nearest = suggestion.nearest(schema.path(keys), self.paths)
  local hint = nearest and "; the nearest known key is " .. nearest or ""
  return schema.finding(keys, "is not a known key" .. hint)
end

local function check_value(self, key, value, keys)
  if key.secret and deferred.is(value) then
    return
  end
  local plain = key.secret and type(value) == "userdata" and value:reveal() or value
  local is_allowed, reason = key.value.check(plain)
  if not is_allowed then
    table.insert(self.findings, schema.finding(keys, refusal.of(key, value, reason)))
  end
end

local check

local function check_members(self, value, shape, keys)
  for _, name in ipairs(sorted.keys(value)) do
    local member, longer = shape.members[name], extended(keys, name)
    if member then
      check(self, value[name], member, longer)
    else
      table.insert(self.findings, unknown(self, longer))
    end
  end
  for _, name in ipairs(sorted.keys(shape.members)) do
    if shape.members[name].required and value[name] == nil then
      table.insert(self.findings, schema.missing(extended(keys, name), "is required"))
    end
  end
end

function check(self, value, shape, keys)
  if not shape.members then
    check_value(self, shape, value, keys)
  elseif type(value) ~= "table" or deferred.is(value) then
    table.insert(self.findings, schema.finding(keys, "is not a table"))
  else
    check_members(self, value, shape, keys)
  end
end

--- What is wrong with a value.
---@param value any
---@param shape usher.config.Shape
---@param keys? (string|integer)[] the path of the value
---@return usher.config.Finding[] findings in the order of keys; empty: nothing
function schema.check(value, shape, keys)
  keys = keys or {}
  local self = { paths = paths_of(shape, keys), findings = {} }
  check(self, value, shape, keys)
  return self.findings
end

-- The table that holds the member of that path, made where it is not there, and the member's name.
local function parent_of(settings, path)
  local parent, leaf = path:match "^(.-)%.?([%w_]+)$"
  local target = settings
  for name in parent:gmatch "[%w_]+" do
    target[name] = target[name] or {}
    target = target[name]
  end
  return target, leaf
end

--- Sets settings.callback.listen for "callback.listen", making tables on the way.
---@param settings table
---@param path string
---@param value any a list is copied
function schema.set(settings, path, value)
  local target, leaf = parent_of(settings, path)
  target[leaf] = type(value) == "table" and table.move(value, 1, #value, 1, {}) or value
end

--- Sets the defaults of keys that have no value.
---@param settings table
---@param keys table<string, usher.config.Key>
function schema.fill(settings, keys)
  for path, key in pairs(keys) do
    if key.default ~= nil then
      local target, leaf = parent_of(settings, path)
      if target[leaf] == nil then
        schema.set(settings, path, key.default)
      end
    end
  end
end

return schema
