-- SPDX-License-Identifier: MIT
-- `usher exec`: becomes a command that finds a valid token in its environment, and nowhere else: arguments can be read
-- by every user of the machine.

local launch = require "usher.launch" -- before what loads LuaSocket: it notes SIGPIPE's action

local exit = require "usher.cli.exit"
local token = require "usher.cli.token"

local exec = {}

local DEFAULT_VARIABLE = "USHER_TOKEN"
local BEARER = "USHER_API_TOKEN" -- good for every account: the command gets the token of one

local function variable_name(text)
  if not text:find "^[%a_][%w_]*$" then
    return nil, ("'%s' is not a variable's name"):format(text)
  end
  return text
end

function exec.describe(command)
  command:argument("account", "The account's name."):argname "ACCOUNT"
  command
    :argument("command", "The command and its arguments, after --.")
    :argname({ "-- COMMAND", "ARGUMENT" })
    :target("words")
    :args "+"
  command
    :option("--env", ("The environment variable that holds the token. Default: %s."):format(DEFAULT_VARIABLE))
    :argname("NAME")
    :convert(variable_name)
  token.describe_wish(command)
  command:epilog(
    "The command takes this process's place: its exit code is the command's, or 127 where there is no such command and"
      .. " 126 where it cannot be run. It gets one token and no newer one; for programs that run long ask the API."
  )
end

function exec.run(arguments)
  local answer, err = token.obtain(arguments)
  if not answer then
    return token.fail(err, arguments)
  end
  local words = arguments.words
  local name = arguments.env or DEFAULT_VARIABLE
  local _, reason, is_missing = launch.exec(words, name, answer.access_token, BEARER)
  exit.complain(("%s: %s"):format(words[1], reason))
  return is_missing and exit.NOT_FOUND or exit.NOT_EXECUTABLE
end

return exec
