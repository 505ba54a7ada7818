-- SPDX-License-Identifier: MIT
-- `usher simulate --provider`: the platforms that push tickets, and what is said of one on the command line.

local exit = require "usher.cli.exit"
local platform = require "usher.simulator.platform"
local simulator = require "usher.simulator"
local sorted = require "usher.config.sorted"
local values = require "usher.config.values"

local simulated_platform = {}

--- The provider that is no platform.
simulated_platform.DEFAULT = "memories_ai"

-- Flag, placeholder, what it is. The flag is the platform's option of that name.
local TEXTS = {
  { "app-id", "ID", "Of the app or suite that tickets are for." },
  { "secret", "SECRET", "The app's." },
  { "token", "TOKEN", "That pushes are signed with; Lark's verification token." },
  { "key", "KEY", "That pushes are encrypted with: 43 characters; Lark's Encrypt Key." },
  { "corp-id", "ID", "Of the corporation that WeCom's check of the URL is for." },
}

-- Flags that the other provider has too, and that mean the same here.
local SHARED = { "callback", "push_interval", "access_lifetime" }

local function name_of(flag)
  return (flag:gsub("-", "_"))
end

local function default_of(name)
  local defaults, found = {}, nil
  for _, provider in ipairs(sorted.keys(platform.dialects)) do
    local value = platform.dialects[provider].defaults[name]
    found = found or value
    table.insert(defaults, value and ("%s (%s)"):format(value, provider) or nil)
  end
  return found and table.concat(defaults, ", ") or platform.defaults[name]
end

--- Adds the flags.
---@param command table of argparse
---@param seconds fun(text: string): number?, string?
function simulated_platform.describe(command, seconds)
  local providers = { simulated_platform.DEFAULT, table.unpack(sorted.keys(platform.dialects)) }
  command
    :option("--provider", "Who is stood in for: " .. table.concat(providers, ", ") .. ".")
    :argname("NAME")
    :choices(providers)
    :default(simulated_platform.DEFAULT)
  for _, entry in ipairs(TEXTS) do
    local flag, placeholder, what = table.unpack(entry)
    local default = default_of(name_of(flag))
    command:option("--" .. flag, ("Platforms: %s Default: %s."):format(what, default)):argname(placeholder)
  end
  command
    :option(
      "--ticket-lifetime",
      ("Platforms: of a ticket. Default: %s."):format(default_of "ticket_lifetime")
    )
    :argname("SECONDS")
    :convert(seconds)
  command
    :option("--tenant", "Platforms: somebody who has authorized the app; may be repeated.")
    :argname("NAME")
    :count("*")
end

local function options_of(arguments)
  local options = { provider = arguments.provider, ticket_lifetime = arguments.ticket_lifetime }
  for _, entry in ipairs(TEXTS) do
    local name = name_of(entry[1])
    options[name] = arguments[name]
  end
  for _, name in ipairs(SHARED) do
    options[name] = arguments[name]
  end
  options.tenants = arguments.tenant
  return options
end

--- The platform that the command line describes.
---@param arguments table
---@param system usher.Clock
---@param on_entry fun(entry: table)
---@return usher.simulator.Platform? platform nil: said what is wrong
function simulated_platform.new(arguments, system, on_entry)
  local options = options_of(arguments)
  if #arguments.fault > 0 then
    return exit.complain "faults are for the provider memories_ai only"
  elseif options.provider ~= "lark" and options.key and not values.aes_key.check(options.key) then
    return exit.complain("--key is not " .. values.aes_key.allowed)
  end
  options.clock, options.on_entry = system, on_entry
  options.random = arguments.seed and simulator.seeded(arguments.seed)
  return platform.new(options)
end

return simulated_platform
