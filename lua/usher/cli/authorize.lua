-- SPDX-License-Identifier: MIT
-- `usher authorize`: tells a person where to decide, waits for it, and says how it ended.

local connection = require "usher.cli.connection"
local exit = require "usher.cli.exit"

local authorize = {}

local WAIT_SECONDS = 30 -- of one request; then the next
local OPEN = { pending = true, exchanging = true }

-- What failed on our side, and may succeed later; all else is the provider's or the person's word.
local PASSING = { timeout = true, cancelled = true, temporarily_unavailable = true }

function authorize.describe(command)
  command:argument("account", "The account's name."):argname "ACCOUNT"
  connection.describe(command)
  command:epilog "Exits with 77 where access was not granted, with 75 where nobody decided in time."
end

local function tell(prompt)
  local lines = { "Open this page, and allow access:", "", "    " .. prompt.url, "" }
  if prompt.user_code then
    table.insert(lines, "There, enter the code:  " .. prompt.user_code)
    table.insert(lines, "")
  end
  for index, line in ipairs(lines) do
    lines[index] = line:gsub("%c", "?")
  end
  exit.print(table.concat(lines, "\n") .. "\n")
end

local function await(gateway, name)
  while true do
    local shown, err = gateway:authorization(name, { wait = WAIT_SECONDS })
    if not shown or not OPEN[shown.status] then
      return shown, err
    end
  end
end

local function conclude(shown)
  if shown.status == "succeeded" then
    exit.print "authorized\n"
    return exit.OK
  end
  exit.complain(
    "not authorized: " .. (shown.error_description or shown.error or "the gateway has begun anew")
  )
  return (PASSING[shown.error] or not shown.error) and exit.TEMPORARY or exit.REFUSED
end

function authorize.run(arguments)
  local gateway, err = connection.open(arguments)
  local prompt, shown
  if gateway then
    prompt, err = gateway:authorize(arguments.account)
  end
  if prompt then
    tell(prompt)
    shown, err = await(gateway, arguments.account)
  end
  if not shown then
    return exit.fail(err)
  end
  return conclude(shown)
end

return authorize
