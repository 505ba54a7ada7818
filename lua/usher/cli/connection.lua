-- SPDX-License-Identifier: MIT
-- What the client commands share: which gateway they ask, and as whom.

local client = require "usher.client"
local listen = require "usher.config.listen"
local locations = require "usher.config.locations"
local source = require "usher.config.source"

local connection = {}

local function check_address(text)
  local address, reason = listen.parse(text)
  if not address then
    return nil, ("'%s' %s; allowed: %s"):format(text, reason, listen.allowed)
  end
  return text
end

--- Adds `--api` to a command.
---@param command table of argparse
function connection.describe(command)
  command
    :option(
      "--api",
      "The gateway's API: unix:PATH or HOST:PORT. Default: USHER_API_LISTEN, else the usual socket."
    )
    :argname("ADDRESS")
    :convert(check_address)
end

local function read(name)
  local value, reason = source.read(name, os.getenv)
  if reason then
    return nil, { code = "bad_configuration", message = name .. " " .. reason }
  end
  return value
end

local function api_listen()
  local address, err = read "USHER_API_LISTEN"
  if address or err then
    return address, err
  end
  local state_dir
  state_dir, err = read "USHER_STATE_DIR"
  if err then
    return nil, err
  end
  address = locations.api_listen(os.getenv, state_dir or locations.state_dir(os.getenv))
  if not address then
    return nil,
      { code = "bad_configuration", message = "no gateway is named: give --api or set USHER_API_LISTEN" }
  end
  return address
end

--- The client for a command's arguments and the environment.
---@param arguments { api?: string }
---@param keeps_null? boolean as `client.new` takes it
---@return usher.Client? client
---@return table? err bad_configuration
function connection.open(arguments, keeps_null)
  local address, err = arguments.api, nil
  if not address then
    address, err = api_listen()
  end
  if err then
    return nil, err
  end
  local token
  token, err = read "USHER_API_TOKEN"
  if err then
    return nil, err
  end
  return client.new { listen = address, token = token, keeps_null = keeps_null }
end

--- A converter for argparse: whole numbers from `low` to `high`.
---@param low integer
---@param high integer
---@return fun(text: string): integer?, string?
function connection.seconds(low, high)
  return function(text)
    local value = text:find "^%d+$" and math.tointeger(tonumber(text))
    if not value or value < low or value > high then
      return nil, ("'%s' is not a whole number from %d to %d"):format(text, low, high)
    end
    return value
  end
end

return connection
