-- SPDX-License-Identifier: MIT
-- `usher reload`: the running gateway reads its configuration again.

local connection = require "usher.cli.connection"
local exit = require "usher.cli.exit"

local reload = {}

function reload.describe(command)
  connection.describe(command)
  command:epilog "Exits with 78 where something is wrong with the configuration: everything stays as it is then."
end

function reload.run(arguments)
  local gateway, err = connection.open(arguments)
  local reloaded
  if gateway then
    reloaded, err = gateway:reload()
  end
  if not reloaded then
    return exit.fail(err)
  end
  return exit.OK
end

return reload
