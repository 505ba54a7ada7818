-- SPDX-License-Identifier: MIT
-- `usher check`: reads the configuration as `usher run` would, and shows what would run. Opens and makes nothing.

local exit = require "usher.cli.exit"

local check = {}

function check.describe(command)
  command
    :argument("config", "A configuration file in Lua; without one the environment is checked.")
    :argname("CONFIG.lua")
    :args "?"
  command:epilog "Exits with 78 where something is wrong. Secrets are read, and not shown."
end

-- Of the environment's settings people know the variables, not the keys.
local function translation(path)
  return not path and require("usher.config").by_variable or nil
end

local function warn(settings, path)
  local translate = translation(path)
  if not path then
    require("usher.cli.description").warn_of_environment()
  end
  for _, warning in ipairs(require("usher.gateway.description").warnings(settings, os.time())) do
    local message = ("%s %s"):format(warning.path, warning.reason)
    exit.warn(translate and translate(message) or message)
  end
end

function check.run(arguments)
  local path = arguments.config
  local settings, err = require("usher.cli.description").load(path, true)
  if settings then
    settings, err = require("usher.gateway.description").read(settings)
  end
  if not settings then
    exit.complain_of(err, translation(path))
    return exit.CONFIGURATION
  end
  warn(settings, path)
  exit.print(require("usher.cli.listing").of(settings))
  return exit.OK
end

return check
