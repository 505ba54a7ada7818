-- SPDX-License-Identifier: MIT
-- The rows that docs/configuration.md must have, made from the code's own tables.

local account_keys = require "usher.config.account_keys"
local keys = require "usher.config.keys"
local oauth2_keys = require "usher.provider.oauth2.keys"
local sorted = require "usher.config.sorted"
local sqlite = require "usher.store.sqlite"
local variables = require "usher.config.variables"

local reference = {}

-- Keys whose examples are Lua text.
local WRITTEN_OUT = { store = true, accounts = true, routes = true, on = true }

local function is_written_out(path, example)
  return WRITTEN_OUT[path] or type(example) == "string" and example:find "^{ " ~= nil
end

local function code(text)
  return ("`%s`"):format((text:gsub("|", "\\|")))
end

local function in_lua(value)
  if type(value) == "string" then
    return '"' .. value .. '"'
  elseif type(value) ~= "table" then
    return tostring(value)
  end
  local items = {}
  for index, item in ipairs(value) do
    items[index] = in_lua(item)
  end
  return #items > 0 and "{ " .. table.concat(items, ", ") .. " }" or "{}"
end

local function in_environment(value)
  if type(value) == "boolean" then
    return value and "1" or "0"
  elseif type(value) == "table" then
    return table.concat(value, ",")
  end
  return tostring(value)
end

local function default_of(key, show)
  if key.required then
    return "required"
  elseif key.default_text then
    return (key.default_text:gsub("<", "&lt;"))
  elseif key.default == nil then
    return "none"
  end
  local shown = show(key.default)
  return shown == "" and "empty" or code(shown)
end

local function row(name, key, example, show)
  local cells = { code(name), key.value.allowed, default_of(key, show), example, key.what }
  return ("| %s |"):format(table.concat(cells, " | "))
end

local function rows_of_keys(from, prefix)
  local rows = {}
  for index, path in ipairs(sorted.keys(from)) do
    local key = from[path]
    local example = is_written_out(path, key.example) and key.example or in_lua(key.example)
    if key.secret then
      example = 'usher.secret.file "/etc/usher/secret"'
    end
    rows[index] = row(prefix .. path, key, code(example), in_lua)
  end
  return rows
end

local function rows_of_variables()
  local rows = {}
  for index, variable in ipairs(variables) do
    local example = code(("%s=%s"):format(variable.name, in_environment(variable.example)))
    rows[index] = row(variable.name, variable, example, in_environment)
  end
  return rows
end

--- The rows of each section that the reference must have, by the section's heading.
---@return table<string, string[]>
function reference.rows()
  return {
    ["Variables"] = rows_of_variables(),
    ["Keys of the gateway"] = rows_of_keys(keys, ""),
    ["Keys of an account"] = rows_of_keys(account_keys, ""),
    ["Keys of a store in a file"] = rows_of_keys(sqlite.KEYS, ""),
  }
end

--- The rows that docs/providers.md must have of an account of OAuth 2.0.
---@return string[]
function reference.rows_of_oauth2()
  return rows_of_keys(oauth2_keys.KEYS, "")
end

--- The rows of tables below each heading of a Markdown text, without their heads.
---@param text string
---@return table<string, string[]>
function reference.rows_in(text)
  local sections, section, is_body = {}, {}, false
  for line in text:gmatch "([^\n]*)\n" do
    local heading = line:match "^#+ (.*)$"
    if heading then
      section, is_body = {}, false
      sections[heading] = section
    elseif line:find "^|%-" then
      is_body = true
    elseif is_body and line:find "^| " then
      table.insert(section, line)
    else
      is_body = false
    end
  end
  return sections
end

--- Whether a key allows its own example.
---@param name string
---@param key usher.config.Key
---@return boolean
function reference.allows_example(name, key)
  return WRITTEN_OUT[name] or key.value.check(key.example)
end

return reference
