-- SPDX-License-Identifier: MIT
-- `usher run`: the gateway, until a signal ends it.

local exit = require "usher.cli.exit"
local variables = require "usher.config.variables"

local run = {}

local DRAIN_SECONDS = 5

local function describe_variable(variable)
  local default = variable.default_text or variable.default
  local note = ""
  if variable.required then
    note = " Required."
  elseif default ~= nil and type(default) ~= "table" and type(default) ~= "boolean" then
    note = (" Default: %s."):format(default)
  end
  return ("   %-26s %s.%s"):format(variable.name, variable.what, note)
end

local function environment_help()
  local lines =
    { "Environment, without a CONFIG.lua (NAME_FILE instead of NAME reads the value from a file):" }
  for _, variable in ipairs(variables) do
    table.insert(lines, describe_variable(variable))
  end
  return table.concat(lines, "\n")
end

function run.describe(command)
  command
    :argument(
      "config",
      "A configuration file in Lua; without one the environment configures the bundled gateway."
    )
    :argname("CONFIG.lua")
    :args "?"
  command:epilog(environment_help())
end

-- Resolves once the gateway has stopped: the first signal lets requests end, the second cuts them, the third does not
-- even wait for the store.
local function stop_on_signals(gateway)
  local core = require "usher.core"
  local ended, signals, count = core.future.new(), {}, 0
  local function on_signal()
    count = count + 1
    if count < 3 then
      gateway:stop(count == 1 and DRAIN_SECONDS or 0)
    end
    ended:resolve()
  end
  for _, name in ipairs { "SIGTERM", "SIGINT" } do
    table.insert(signals, assert(core.signal.start(name, on_signal)))
  end
  return ended, signals
end

-- What is wrong with the new configuration is in the log.
local function reload_on_signal(gateway)
  return assert(require("usher.core").signal.start("SIGHUP", function()
    gateway:reload()
  end))
end

local function serve(gateway)
  local ended, signals = stop_on_signals(gateway)
  ended:wait()
  for _, signal in ipairs(signals) do
    signal:close()
  end
  return exit.OK
end

-- A gateway that does not come up is misconfigured, unless time may help.
local function fail_to_start(err, path)
  exit.complain_of(err, not path and require("usher.config").by_variable or nil)
  return exit.code_of_start(err)
end

--- The gateway for a command line, ready to start.
local function make_gateway(path, supervisor)
  local function load()
    return require("usher.cli.description").load(path)
  end
  local description, err = load()
  if not description then
    return nil, err
  end
  return require("usher.gateway").new(description, { load = load, supervisor = supervisor })
end

-- A process whose memory others can read is none to give secrets to.
local function harden()
  local hardened, err = require("usher.core").process.harden()
  if not hardened then
    exit.complain("this process cannot be closed to others: " .. err.message)
  end
  return hardened
end

function run.run(arguments)
  if not harden() then
    return exit.INTERNAL
  end
  if not arguments.config then
    require("usher.cli.description").warn_of_environment()
  end
  local supervisor <close> = require("usher.gateway.supervisor").new(os.getenv)
  local gateway, err = make_gateway(arguments.config, supervisor)
  if not gateway then
    return fail_to_start(err, arguments.config)
  end
  local _ <close> = reload_on_signal(gateway)
  local started
  started, err = gateway:start()
  if not started then
    return fail_to_start(err, arguments.config)
  end
  return serve(gateway)
end

return run
