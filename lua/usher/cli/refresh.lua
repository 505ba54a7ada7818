-- SPDX-License-Identifier: MIT
-- `usher refresh`: one attempt now, for a person who will not wait for the schedule.

local connection = require "usher.cli.connection"
local exit = require "usher.cli.exit"

local refresh = {}

function refresh.describe(command)
  command:argument("account", "The account's name."):argname "ACCOUNT"
  connection.describe(command)
  command:epilog "Exits with 75 where the attempt failed, though the current token may still be valid."
end

function refresh.run(arguments)
  local gateway, err = connection.open(arguments)
  if not gateway then
    return exit.fail(err)
  end
  local answer
  answer, err = gateway:refresh(arguments.account)
  if not answer then
    return exit.fail(err, arguments.account)
  elseif not answer.refreshed then
    exit.complain(("not refreshed; the current token is valid for %d s"):format(answer.expires_in))
    return exit.TEMPORARY
  end
  exit.print(("refreshed: valid for %d s\n"):format(answer.expires_in))
  return exit.OK
end

return refresh
