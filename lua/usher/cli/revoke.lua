-- SPDX-License-Identifier: MIT
-- `usher revoke`: the provider revokes an account's tokens, and the gateway forgets them.

local connection = require "usher.cli.connection"
local exit = require "usher.cli.exit"

local revoke = {}

function revoke.describe(command)
  command:argument("account", "The account's name."):argname "ACCOUNT"
  connection.describe(command)
  command:epilog "Exits with 75 where the provider did not revoke them: they are kept then."
end

function revoke.run(arguments)
  local gateway, err = connection.open(arguments)
  local answer
  if gateway then
    answer, err = gateway:revoke(arguments.account)
  end
  if not answer then
    return exit.fail(err, arguments.account)
  end
  exit.print "revoked\n"
  return exit.OK
end

return revoke
