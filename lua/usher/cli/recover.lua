-- SPDX-License-Identifier: MIT
-- `usher recover`: saves what is whole of a damaged store into a fresh one, and says what that is.

local clock = require "usher.clock"
local core = require "usher.core"
local description = require "usher.cli.description"
local exit = require "usher.cli.exit"
local recovery = require "usher.store.recovery"
local stored = require "usher.cli.stored"

local recover = {}

local WORDS = { tokens = "tokens", inbox = "pushed credentials", claim = "counts of requests" }

function recover.describe(command)
  stored.describe(command)
  command:epilog [[
Stop the gateway first. A store in which nothing is damaged is left as it is. Otherwise the damaged files are kept
beside the fresh one, named after the time. If it is interrupted, run it again.]]
end

-- Account names come from a damaged file: a terminal must not obey them.
local function clean(text)
  return (text:gsub("[^%w._-]", "?"))
end

local function listed(fields)
  local words = {}
  for index, field in ipairs(fields) do
    words[index] = WORDS[field]
  end
  return table.concat(words, ", ")
end

local function line_of(account)
  local parts = {}
  if #account.saved > 0 then
    table.insert(parts, "saved: " .. listed(account.saved))
  end
  if #account.lost > 0 then
    table.insert(parts, "lost: " .. listed(account.lost))
  end
  return ("%s %s\n"):format(clean(account.name), table.concat(parts, "; "))
end

local function tell(report)
  if report.is_whole then
    return "nothing is damaged: the store is left as it is\n"
  elseif report.is_finished then
    return "the recovery that was interrupted is done now\n"
  end
  local lines = {}
  for _, account in ipairs(report.accounts) do
    if #account.saved + #account.lost > 0 then
      table.insert(lines, line_of(account))
    end
  end
  table.insert(lines, ("the damaged store is kept as %s\n"):format(report.kept))
  return table.concat(lines)
end

local function run(path)
  local origin, err = stored.origin(description.load(path, true))
  local keys, report
  if origin then
    keys, err = origin:read_keys()
  end
  if keys then
    report, err = recovery.run { path = origin.options.path, keys = keys, now = clock.system():wall() }
  end
  return report, err
end

function recover.run(arguments)
  core.process.harden()
  local report, err = run(arguments.config)
  if not report then
    return stored.fail(err, arguments.config)
  end
  exit.print(tell(report))
  return exit.OK
end

return recover
