-- SPDX-License-Identifier: MIT
-- Settings: an environment of NAME=value lines, and, as JSON, what a configuration file returns. The first byte says
-- which. A file's own Lua is not among it, since it would be run.
local description = require "usher.gateway.description"
local environment = require "usher.config.environment"
local json = require "usher.json"
local usher = require "usher"

local function check(settings, err)
  if not settings then
    assert(err.code == "bad_configuration" and #err.message > 0, err.code)
  end
end

local function read_environment(text)
  local variables = { HOME = "/nowhere" }
  for line in text:gmatch "[^\n\0]+" do
    local name, value = line:match "^([%w_]+)=(.*)$"
    if name then
      variables[name] = value
    end
  end
  check(environment.read(function(name)
    return variables[name]
  end, function()
    return nil, "no such file"
  end))
end

local function make_accounts(raw)
  for name, options in pairs(type(raw) == "table" and raw or {}) do
    raw[name] = type(options) == "table" and usher.provider.memories_ai(options) or options
  end
end

local function read_description(text)
  local raw = json.decode(text)
  if type(raw) ~= "table" then
    return
  end
  make_accounts(raw.accounts)
  raw.store = raw.store and usher.store.memory {}
  check(description.read(raw))
end

return function(bytes)
  if bytes:sub(1, 1) == "e" then
    read_environment(bytes:sub(2))
  else
    read_description(bytes:sub(2))
  end
end
