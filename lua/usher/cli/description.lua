-- SPDX-License-Identifier: MIT
-- What `usher run` is to run: the operator's configuration file, or the bundled description, which the environment
-- fills.

local config = require "usher.config"
local core = require "usher.core"
local errors = require "usher.errors"
local exit = require "usher.cli.exit"
local file = require "usher.config.file"
local master_key = require "usher.config.master_key"
local place = require "usher.config.place"
local reader = require "usher.gateway.description"
local usher = require "usher"

local description = {}

local FOLDER_MODE = 448 -- 0700

local function memories_ai(settings)
  local memories = settings.memories
  return usher.provider.memories_ai {
    api_key = memories.api_key,
    client_id = memories.client_id,
    base_url = memories.base_url,
    callback_path = settings.callback.path,
    policy = memories.policy,
  }
end

--- The bundled description. Opens nothing.
---@param settings table of `config.from_environment`
---@param key usher.core.Secret|usher.config.Deferred the master key
---@param store_path string
---@return usher.gateway.Description
function description.bundled(settings, key, store_path)
  return usher.gateway {
    callback = {
      listen = settings.callback.listen,
      plain = settings.callback.plain,
      path = settings.callback.path,
      allow = settings.callback.allow,
      tls = settings.callback.tls,
    },
    api = settings.api,
    store = usher.store.sqlite { path = store_path, key = key },
    accounts = { [settings.account] = memories_ai(settings) },
    log = settings.log,
  }
end

local function from_environment(is_dry)
  local settings, err = config.from_environment()
  if not settings then
    return nil, err
  end
  local store_path = settings.state_dir .. "/usher.db"
  local key
  key, err = master_key.load(settings, store_path, is_dry)
  if not key then
    return nil, err
  end
  local key_path = master_key.path(settings)
  if key_path and core.file.status(key_path) then
    key = usher.secret.file(key_path)
  end
  local made = true
  if not is_dry then
    made, err = core.file.make_directory(settings.state_dir, FOLDER_MODE)
  end
  if not made then
    return errors.fail("bad_configuration", err.message)
  elseif not is_dry then
    core.file.sweep(settings.state_dir)
  end
  return description.bundled(settings, key, store_path)
end

-- Each finding begins with its place; the error's own message is the first of them.
local function located(err, path, text)
  local messages = {}
  for index, finding in ipairs(err.findings) do
    messages[index] = place.tell(finding, path, text)
  end
  return errors.new(err.code, messages[1], { messages = messages })
end

local function from_file(path)
  local value, err, text = file.load(path)
  if err then
    return nil, err
  elseif not usher.is_description(value) then
    return errors.fail("bad_configuration", path .. ": a configuration returns usher.gateway { ... }")
  end
  local settings
  settings, err = reader.read(value)
  if not settings then
    return nil, located(err, path, text)
  end
  return settings
end

--- Tells a person of variables whose names are nearly those of ours.
function description.warn_of_environment()
  local names = core.process.variables()
  table.sort(names)
  for _, warning in ipairs(config.misspelt(names)) do
    exit.warn(warning)
  end
end

--- Reads the configuration: of the file, or of the environment where none is given. Makes the state folder and the
--- master key where the environment's configuration has none yet. Waits.
---@param path? string
---@param is_dry? boolean makes nothing
---@return usher.gateway.Description? description
---@return usher.Error? err bad_configuration; `messages` where there is more than one thing to say
function description.load(path, is_dry)
  if path then
    return from_file(path)
  end
  return from_environment(is_dry)
end

return description
