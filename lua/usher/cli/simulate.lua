-- SPDX-License-Identifier: MIT
-- `usher simulate`: a provider's stand-in on a socket, until a signal ends it.

local clock = require "usher.clock"
local core = require "usher.core"
local exit = require "usher.cli.exit"
local listen = require "usher.config.listen"
local log = require "usher.log"
local server = require "usher.simulator.server"
local simulated_platform = require "usher.cli.simulated_platform"
local simulator = require "usher.simulator"

local simulate = {}

local DEFAULT_LISTEN = "127.0.0.1:18089"
local DEFAULT_API_KEY = "sk-simulated"
local FIRST_PUSH_SECONDS = 1

local function number(text)
  local value = tonumber(text)
  if value and value > 0 and value < math.huge then
    return math.tointeger(value) or value
  end
  return nil, ("'%s' is not a number above 0"):format(text)
end

local function count(text)
  local value = math.tointeger(tonumber(text))
  if value and value >= 0 then
    return value
  end
  return nil, ("'%s' is not a whole number"):format(text)
end

local function lifetime(text)
  local value = math.tointeger(tonumber(text))
  if value and value > 0 then
    return value
  end
  return nil, ("'%s' is not a whole number above 0"):format(text)
end

local function read_address(text)
  local parsed, reason = listen.parse(text)
  if parsed then
    return parsed
  end
  return nil, ("'%s' %s; allowed: %s"):format(text, reason, listen.allowed)
end

local function url(text)
  if text:match "^https?://[^/?#%c ]+[^#%c ]*$" then
    return text
  end
  return nil, ("'%s' is not an http or https URL"):format(text)
end

-- Flag, placeholder, converter, what it is. The flag is the simulator's option of that name.
local NUMBERS = {
  { "push-interval", "SECONDS", number, "Between pushes; a code ends when the next one is pushed." },
  { "access-lifetime", "SECONDS", lifetime, "Of an access token." },
  { "refresh-lifetime", "SECONDS", lifetime, "Of a refresh token." },
  { "exchange-budget", "COUNT", count, "Exchanges allowed in 24 hours." },
  { "refresh-budget", "COUNT", count, "Refreshes allowed in 24 hours." },
}

local function name_of(flag)
  return (flag:gsub("-", "_"))
end

local function fault(text)
  local parsed, reason = simulator.parse_fault(text)
  if parsed then
    return parsed
  end
  return nil, ("fault '%s': %s"):format(text, reason)
end

local function name_of_parameter(name, parameter)
  return parameter.default ~= nil and ("%s=%s"):format(name, parameter.default) or name
end

-- One line for each kind of fault.
local function faults_help()
  local lines = {
    "Faults: exchange:, refresh: or push:, which a kind of one of them alone need not name, then KIND[,NAME=VALUE...];",
    "with count=N for the next N requests, else until cleared.",
    "While it runs: POST /faults with the same as JSON, GET /faults, DELETE /faults[?endpoint=];",
    "POST /push sends a code now, POST /revoke[?kind=access] ends tokens, GET /state and GET /ledger[?after=] show.",
  }
  for _, name in ipairs(simulator.fault_kinds.names) do
    local kind, words = simulator.fault_kinds.all[name], {}
    for parameter, of in pairs(kind.parameters) do
      table.insert(words, name_of_parameter(parameter, of))
    end
    table.sort(words)
    local parameters = #words > 0 and (" (%s)"):format(table.concat(words, ", ")) or ""
    table.insert(lines, ("  %-12s %s%s"):format(name, kind.what, parameters))
  end
  return table.concat(lines, "\n")
end

local function add_option(command, flag, placeholder, what)
  local default = simulator.defaults[name_of(flag)]
  return command:option("--" .. flag, ("%s Default: %s."):format(what, default)):argname(placeholder)
end

function simulate.describe(command)
  command
    :option("--listen", ("Where the provider answers. Default: %s."):format(DEFAULT_LISTEN))
    :argname("HOST:PORT")
    :convert(read_address)
  simulated_platform.describe(command, number)
  add_option(command, "callback", "URL", "Where codes are pushed to."):convert(url)
  command
    :option(
      "--api-key",
      ("Its MD5 is the state of every push. Default: that of MEMORIES_API_KEY, else %s."):format(
        DEFAULT_API_KEY
      )
    )
    :argname "KEY"
  add_option(command, "client-id", "ID", "The account that codes belong to.")
  add_option(
    command,
    "client-id-encoding",
    "HOW",
    "How clientId is written in the URL: percent, raw, form, spaced."
  ):choices(simulator.client_id_encodings)
  add_option(command, "method", "METHOD", "Of the pushes: GET or POST."):choices { "GET", "POST" }
  add_option(command, "expires-unit", "UNIT", "Of expiresIn: s or ms."):choices { "s", "ms" }
  for _, entry in ipairs(NUMBERS) do
    local flag, placeholder, convert, what = table.unpack(entry)
    add_option(command, flag, placeholder, what):convert(convert)
  end
  command
    :option("--first-push", "Seconds until the first push. Default: 1.")
    :argname("SECONDS")
    :convert(number)
  command:option("--seed", "Makes codes and tokens the same in each run."):argname "TEXT"
  command
    :option("--fault", "Sets a fault from the start; may be repeated.")
    :argname("FAULT")
    :count("*")
    :convert(fault)
  command:epilog(faults_help())
  command:option("--ledger", "Appends all that is asked and pushed, as lines of JSON."):argname "FILE"
end

-- What the log calls a code's fingerprint: a field named `code` would be redacted.
local function show(logger, entry)
  local fields = {}
  for name, value in pairs(entry) do
    fields[name == "code" and "code_fingerprint" or name] = value
  end
  fields.kind, fields.at, fields.elapsed, fields.number = nil, nil, nil, nil
  logger:info(entry.kind, fields)
end

local function recorder(logger, path)
  local file, reason
  if path then
    file, reason = io.open(path, "a")
    if not file then
      return nil, reason
    end
    file:setvbuf "line"
  end
  return function(entry)
    show(logger, entry)
    if file then
      file:write(simulator.line(entry))
    end
  end
end

-- From the environment too: every program of the machine may read what stands on a command line.
local function api_key_of(arguments)
  local variable = core.secret.from_environment "MEMORIES_API_KEY"
  return arguments.api_key or variable and #variable > 0 and variable:reveal() or DEFAULT_API_KEY
end

local function new_simulator(arguments, system, on_entry)
  local options = { clock = system, on_entry = on_entry, api_key = api_key_of(arguments) }
  for name in pairs(simulator.defaults) do
    options[name] = arguments[name]
  end
  options.random = arguments.seed and simulator.seeded(arguments.seed)
  local subject = simulator.new(options)
  for _, set in ipairs(arguments.fault) do
    subject.faults:add(set)
  end
  return subject
end

local function wait_for_signal()
  local ended, signals = core.future.new(), {}
  for index, name in ipairs { "SIGTERM", "SIGINT" } do
    signals[index] = assert(core.signal.start(name, function()
      ended:resolve()
    end))
  end
  ended:wait()
  for _, signal in ipairs(signals) do
    signal:close()
  end
end

function simulate.run(arguments)
  local system = clock.system()
  local logger = log.new { clock = system }
  local on_entry, reason = recorder(logger, arguments.ledger)
  if not on_entry then
    exit.complain(reason)
    return exit.CONFIGURATION
  end
  local is_platform = arguments.provider ~= simulated_platform.DEFAULT
  local subject = (is_platform and simulated_platform.new or new_simulator)(arguments, system, on_entry)
  if not subject then
    return exit.USAGE
  end
  local address = arguments.listen or listen.parse(DEFAULT_LISTEN)
  local running, err = server.start {
    simulator = subject,
    address = address,
    clock = system,
    transfer = core.transfer.perform,
    first_push = arguments.first_push or FIRST_PUSH_SECONDS,
  }
  if not running then
    exit.complain(("%s: %s"):format(listen.text(address), err.message))
    return exit.CONFIGURATION
  end
  logger:info("simulator_listening", { address = running:address() })
  wait_for_signal()
  running:close()
  return exit.OK
end

return simulate
