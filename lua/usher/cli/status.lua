-- SPDX-License-Identifier: MIT
-- `usher status`: the accounts at a glance, or one of them at length.

local connection = require "usher.cli.connection"
local exit = require "usher.cli.exit"
local json = require "usher.json"
local report = require "usher.cli.report"

local status = {}

function status.describe(command)
  command:argument("account", "The account's name; without one: all."):argname("ACCOUNT"):args "?"
  command:flag("--json", "Print what the API answers.")
  connection.describe(command)
end

local function show_one(gateway, arguments)
  local document, err = gateway:account(arguments.account)
  if not document then
    return exit.fail(err, arguments.account)
  end
  exit.print(arguments.json and json.encode(document) .. "\n" or report.account(document, os.time()))
  return exit.OK
end

local function show_all(gateway, arguments)
  local documents, err = gateway:accounts()
  if not documents then
    return exit.fail(err)
  end
  local answer = { accounts = json.array(documents) }
  exit.print(arguments.json and json.encode(answer) .. "\n" or report.accounts(documents, os.time()))
  return exit.OK
end

function status.run(arguments)
  local gateway, err = connection.open(arguments, arguments.json)
  if not gateway then
    return exit.fail(err)
  end
  return (arguments.account and show_one or show_all)(gateway, arguments)
end

return status
