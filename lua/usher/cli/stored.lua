-- SPDX-License-Identifier: MIT
-- What the commands that work on a store without a gateway share: which configuration, which store, how they fail.

local core = require "usher.core"
local errors = require "usher.errors"
local exit = require "usher.cli.exit"

local stored = {}

--- Adds the configuration to a command's arguments.
function stored.describe(command)
  command
    :argument("config", "A configuration file in Lua; without one the environment says where the store is.")
    :argname("CONFIG.lua")
    :args "?"
end

--- The origin of a configuration's store in a file: `stored.origin(description.load(path, true))`.
---@param settings? usher.gateway.Description
---@param err? usher.Error
---@return usher.store.Origin? origin
---@return usher.Error? err bad_configuration
function stored.origin(settings, err)
  local origin = settings and settings.store.origin
  if settings and not (origin and origin.kind == "sqlite") then
    return errors.fail("bad_configuration", "store: it is not kept in a file (usher.store.sqlite)")
  elseif not origin then
    return nil, err
  end
  local status
  status, err = core.file.status(origin.options.path)
  return status and origin, err
end

--- Whether nobody else has the store.
---@param origin usher.store.Origin
---@return boolean is_free
---@return usher.Error? err store_locked, or why it cannot be told
function stored.is_free(origin)
  local hold, err = core.sqlite_hold.open(origin.options.path)
  if hold then
    hold:close()
  end
  return hold ~= nil, err
end

--- Tells what went wrong; the exit code, as that of a gateway that does not start.
---@param err usher.Error
---@param path? string of the configuration file
---@return integer
function stored.fail(err, path)
  exit.complain_of(err, not path and require("usher.config").by_variable or nil)
  if err.code == "store_locked" then
    exit.complain "stop the gateway first"
  end
  return exit.code_of_start(err)
end

return stored
