-- SPDX-License-Identifier: MIT
-- The bundled gateway's settings, read from environment variables and the files they name.

local core = require "usher.core"
local deferred = require "usher.config.deferred"
local errors = require "usher.errors"
local locations = require "usher.config.locations"
local refusal = require "usher.config.refusal"
local rules = require "usher.config.rules"
local schema = require "usher.config.schema"
local source = require "usher.config.source"
local suggestion = require "usher.config.suggestion"
local trust = require "usher.config.trust"
local variables = require "usher.config.variables"

local environment = {}

local function fail(name, reason)
  return errors.fail("bad_configuration", name .. " " .. reason)
end

local function name_of(path)
  for _, variable in ipairs(variables) do
    if variable.path == path then
      return variable.name
    end
  end
end

-- The variable's text. The variable of what is or holds a secret is overwritten by reading it.
local function read(variable, reader)
  local is_overwritten = variable.secret or variable.is_hidden
  local value = is_overwritten and reader.secret(variable.name) or nil
  local read_file = reader.read_file or variable.secret and trust.read_secret or nil
  return source.read(variable.name, reader.getenv, read_file, value)
end

-- nil without an error: the variable is not set.
local function value_of(variable, reader)
  local text, reason = read(variable, reader)
  if reason then
    return fail(variable.name, reason)
  elseif not text then
    return nil
  end
  local plain = type(text) == "userdata" and text:reveal() or text
  local value = variable.value.parse(plain)
  local is_allowed
  is_allowed, reason = variable.value.check(value)
  if not is_allowed then
    return fail(variable.name, refusal.of(variable, plain, reason))
  end
  return variable.secret and core.secret.new(plain) or value
end

local function read_all(reader)
  local settings = { api = {} }
  for _, variable in ipairs(variables) do
    local value, err = value_of(variable, reader)
    if err then
      return nil, err
    elseif value == nil and variable.required then
      return fail(variable.name, ("is required (or %s_FILE, a file that holds it)"):format(variable.name))
    elseif value == nil then
      value = variable.default
    end
    if value ~= nil then
      schema.set(settings, variable.path, value)
    end
  end
  return settings
end

local function add_locations(settings, reader)
  local key_file = reader.getenv "USHER_MASTER_KEY_FILE"
  settings.master_key_file = settings.master_key and key_file ~= "" and key_file or nil
  settings.state_dir = settings.state_dir or locations.state_dir(reader.getenv)
  if not settings.state_dir then
    return fail("USHER_STATE_DIR", "is required: neither STATE_DIRECTORY, XDG_STATE_HOME nor HOME is set")
  end
  settings.api.listen = settings.api.listen or locations.api_listen(reader.getenv, settings.state_dir)
  return true
end

--- A message over a description's key, told by the variable that sets it: `callback.listen: ...` is for the operator
--- `USHER_CALLBACK_LISTEN: ...`.
---@param message string
---@return string
function environment.by_variable(message)
  local path, rest = message:match "^([%w_.-]+)(.*)$"
  local name = path and (name_of(path) or name_of((path:gsub("^accounts%.[^ ]*%.", "memories."))))
  return name and name .. rest or message
end

local MISSPELT = 2 -- edits at most
local LONGEST_NAME = 64 -- bytes: no name of ours is as long

-- The variable that a name is nearly that of; nil: it is one, or none of ours.
local function meant_by(name)
  local known = {}
  for index, variable in ipairs(variables) do
    if name == variable.name or name == variable.name .. "_FILE" then
      return nil
    end
    known[index] = variable.name
  end
  local stem, suffix = name:gsub("_FILE$", "")
  local nearest = suggestion.nearest(stem, known)
  local is_near = suggestion.distance(stem, nearest) <= MISSPELT
  return is_near and nearest .. (suffix > 0 and "_FILE" or "") or nil
end

--- What people should know of variables that count for nothing, and whose names are nearly those of ours.
---@param names string[] of the variables there are
---@return string[] warnings
function environment.misspelt(names)
  local warnings = {}
  for _, name in ipairs(names) do
    local meant = #name <= LONGEST_NAME and meant_by(name)
    if meant then
      table.insert(
        warnings,
        ("%s is no variable of usher's, and counts for nothing; %s is one"):format(name, meant)
      )
    end
  end
  return warnings
end

--- Reads and checks every variable. Nothing is opened or made.
---@param getenv? fun(name: string): string? default: the process's environment, where secrets are overwritten
---@param read_file? fun(path: string): string?, string?
---@return table? settings `callback`, `api`, `log`, `account`, `memories`, `state_dir`, `master_key`, `master_key_file`
---@return usher.Error? err bad_configuration, naming the variable, what is wrong, and what is allowed
function environment.read(getenv, read_file)
  local reader = { getenv = getenv or os.getenv, read_file = read_file }
  reader.secret = getenv or deferred.variable
  local settings, err = read_all(reader)
  if not settings then
    return nil, err
  end
  local located
  located, err = add_locations(settings, reader)
  if not located then
    return nil, err
  end
  local violation = rules.violation(settings)
  if violation then
    local remedy = violation.remedy and (" (%s=1)"):format(name_of(violation.remedy)) or ""
    return fail(name_of(violation.path), violation.reason .. remedy)
  end
  return settings
end

return environment
