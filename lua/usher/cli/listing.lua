-- SPDX-License-Identifier: MIT
-- Settings as lines that people read and compare: `callback.listen = "127.0.0.1:8080"`. Secrets are not shown.

local parts = require "usher.gateway.parts"
local redaction = require "usher.log.redaction"
local sorted = require "usher.config.sorted"

local listing = {}

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', "?") .. '"'
end

local function place_of(handler)
  local info = debug.getinfo(handler, "S")
  local path = info.source:match "^@(.*)"
  return path and ("function at %s:%d"):format(path, info.linedefined) or "a function"
end

local function shown(value)
  if type(value) == "string" then
    return quoted(value)
  elseif type(value) == "function" then
    return place_of(value)
  elseif type(value) ~= "table" then
    return tostring(value)
  end
  local items = {}
  for index, item in ipairs(value) do
    items[index] = shown(item)
  end
  return #items > 0 and "{ " .. table.concat(items, ", ") .. " }" or "{}"
end

local function is_list(value)
  return type(value) ~= "table" or #value > 0 or next(value) == nil
end

local function add(lines, path, value)
  table.insert(lines, ("%s = %s"):format(path, value))
end

local function add_members(lines, path, members)
  for _, name in ipairs(sorted.keys(members)) do
    local value, longer = members[name], path .. "." .. name
    if not is_list(value) then
      add_members(lines, longer, value)
    else
      add(lines, longer, shown(value))
    end
  end
end

-- Of texts by name that may be secrets the names alone.
local function add_names(lines, path, texts)
  for _, name in ipairs(sorted.keys(texts)) do
    add(lines, path .. "." .. name, redaction.MARK)
  end
end

local function add_option(lines, path, account, name)
  local value = account.config[name]
  if parts.is_secret(account, name) then
    add(lines, path, redaction.MARK)
  elseif type(value) == "string" then
    add(lines, path, shown(parts.without_secrets(value, account.config.callback_path)))
  elseif is_list(value) then
    add(lines, path, shown(value))
  elseif parts.is_hidden(account, name) then
    add_names(lines, path, value)
  else
    add_members(lines, path, value)
  end
end

local function add_account(lines, path, account)
  add(lines, path .. ".provider", quoted(account.provider.name))
  for _, name in ipairs(sorted.keys(account.config)) do
    add_option(lines, path .. "." .. name, account, name)
  end
  add_members(lines, path, { disabled = account.disabled })
  add_members(lines, path .. ".allow", account.allow or {})
  add_members(lines, path .. ".policy", account.policy)
end

local function add_group(lines, name, group)
  local copy = {}
  for key, value in pairs(group) do
    copy[key] = value
  end
  copy.path = copy.path and parts.shown_path(copy.path)
  if copy.token then
    copy.token = nil
    add(lines, name .. ".token", redaction.MARK)
  end
  add_members(lines, name, copy)
end

local function add_handlers(lines, name, handlers)
  for _, key in ipairs(sorted.keys(handlers)) do
    local path = key:find "^[%a_]+$" and name .. "." .. key
      or ("%s[%s]"):format(name, quoted(parts.shown_path(key)))
    add(lines, path, shown(handlers[key]))
  end
end

--- Every setting on a line.
---@param settings usher.gateway.Description as `usher.gateway.description` reads it
---@return string
function listing.of(settings)
  local lines = {}
  for _, name in ipairs(sorted.keys(settings.accounts)) do
    add_account(lines, "accounts." .. name, settings.accounts[name])
  end
  for _, name in ipairs { "api", "callback", "log" } do
    add_group(lines, name, settings[name])
  end
  add_handlers(lines, "on", settings.on)
  add_handlers(lines, "routes", settings.routes)
  add(lines, "store", settings.store.origin and settings.store.origin:where() or "of your own")
  return table.concat(lines, "\n") .. "\n"
end

return listing
