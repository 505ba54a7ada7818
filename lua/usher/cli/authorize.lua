-- SPDX-License-Identifier: MIT
-- `usher authorize`: tells a person where to decide, waits for it, and says how it ended.

local connection = require "usher.cli.connection"
local exit = require "usher.cli.exit"

local authorize = {}

local WAIT_SECONDS = 30 -- of one request; then the next
local LOOK_SECONDS = 2 -- while a browser is awaited here: whether another command has taken the authorization's place
local OPEN = { pending = true, exchanging = true }

-- What failed on our side, and may succeed later; all else is the provider's or the person's word.
local PASSING = { timeout = true, cancelled = true, temporarily_unavailable = true }

function authorize.describe(command)
  command:argument("account", "The account's name."):argname "ACCOUNT"
  command:flag(
    "--loopback",
    "Have the browser sent back to a free port of this machine (RFC 8252), where this command awaits it,"
      .. " instead of to the gateway's callback."
  )
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

-- The browser comes here, and what it brings goes to the gateway, until that has heard enough.
local function await_browser(gateway, name, redirects, redirect_uri)
  redirects:expect(redirect_uri:match "^http://[^/?]+(/[^?]*)" or "/")
  local shown
  repeat
    redirects:wait(LOOK_SECONDS)
    shown = gateway:authorization(name)
  until not shown or shown.status ~= "pending"
end

local function ask_by_loopback(gateway, name)
  local redirects <close>, err = require("usher.cli.loopback").open(function(query)
    return gateway:redirect(name, query)
  end)
  if not redirects then
    return nil, err
  end
  local prompt
  prompt, err = gateway:authorize(name, { loopback_port = redirects.port })
  if prompt then
    tell(prompt)
  end
  if prompt and prompt.redirect_uri then
    await_browser(gateway, name, redirects, prompt.redirect_uri)
  end
  return prompt, err
end

local function ask(gateway, name)
  local prompt, err = gateway:authorize(name)
  if prompt then
    tell(prompt)
  end
  return prompt, err
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
    prompt, err = (arguments.loopback and ask_by_loopback or ask)(gateway, arguments.account)
  end
  if prompt then
    shown, err = await(gateway, arguments.account)
  end
  if not shown then
    return exit.fail(err, arguments.account)
  end
  return conclude(shown)
end

return authorize
