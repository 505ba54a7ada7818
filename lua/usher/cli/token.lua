-- SPDX-License-Identifier: MIT
-- `usher token`: prints a valid token, for scripts.

local connection = require "usher.cli.connection"
local exit = require "usher.cli.exit"
local json = require "usher.json"

local token = {}

local MAX_TTL_SECONDS = 400 * 24 * 3600
local MAX_WAIT_SECONDS = 60

local FORMATS = {
  plain = function(answer)
    return answer.access_token
  end,
  json = json.encode,
  -- The scheme's name is the same in any case (RFC 9110, 11.1), and servers that do not know that want this one.
  header = function(answer)
    local scheme = answer.token_type or "Bearer"
    scheme = scheme:lower() == "bearer" and "Bearer" or scheme
    return ("Authorization: %s %s"):format(scheme, answer.access_token)
  end,
}

--- Adds the options that say which token is wanted.
---@param command table of argparse
function token.describe_wish(command)
  command
    :option(
      "--min-ttl",
      "How long the token must still live; less: at most one refresh, then the newest there is."
    )
    :argname("SECONDS")
    :convert(connection.seconds(0, MAX_TTL_SECONDS))
  command
    :option("--wait", "How long to wait for that refresh, at most 60.")
    :argname("SECONDS")
    :convert(connection.seconds(0, MAX_WAIT_SECONDS))
  command
    :option(
      "--tenant",
      "Whose token, of those who have authorized the account's app, instead of the account's own."
    )
    :argname "TENANT"
  connection.describe(command)
end

--- The token that is wanted.
---@param arguments { account: string, api?: string, min_ttl?: integer, wait?: integer, tenant?: string }
---@return { access_token: string, token_type: string, expires_in: integer }? answer
---@return table? err
function token.obtain(arguments)
  local gateway, err = connection.open(arguments)
  if not gateway then
    return nil, err
  end
  local wish = { min_ttl = arguments.min_ttl, wait = arguments.wait, tenant = arguments.tenant }
  return gateway:token(arguments.account, wish)
end

--- Ends a command that got no token: `return token.fail(err, arguments)`.
---@param err table
---@param arguments { account: string, tenant?: string }
---@return integer exit_code
function token.fail(err, arguments)
  local tenant = arguments.tenant
  return exit.fail(err, tenant and ("%s/%s"):format(arguments.account, tenant) or arguments.account)
end

function token.describe(command)
  command:argument("account", "The account's name."):argname "ACCOUNT"
  token.describe_wish(command)
  command
    :option("--format", "The token alone, the API's answer, or a header line for curl -H @-.")
    :choices({ "plain", "json", "header" })
    :default "plain"
end

function token.run(arguments)
  local answer, err = token.obtain(arguments)
  if not answer then
    return token.fail(err, arguments)
  end
  exit.print(FORMATS[arguments.format](answer) .. "\n")
  return exit.OK
end

return token
