-- SPDX-License-Identifier: MIT
-- Exit codes, most of them from sysexits.h, and how a command ends with an error.

local exit = {
  OK = 0,
  USAGE = 64, -- or an unknown account
  NO_GATEWAY = 69,
  INTERNAL = 70,
  TEMPORARY = 75, -- nothing there yet, budget used up, or the like: later it may work
  REFUSED = 77, -- by the gateway or the provider: a person must act
  CONFIGURATION = 78,
  NOT_EXECUTABLE = 126, -- of `usher exec`, as env(1) and shells say it of a command
  NOT_FOUND = 127,
}

local CODES = {
  unknown_account = exit.USAGE,
  bad_request = exit.USAGE,
  no_gateway = exit.NO_GATEWAY,
  awaiting_credential = exit.TEMPORARY,
  budget_exhausted = exit.TEMPORARY,
  temporarily_unavailable = exit.TEMPORARY,
  timeout = exit.TEMPORARY,
  reauthorization_required = exit.REFUSED,
  unauthorized = exit.REFUSED,
  forbidden = exit.REFUSED,
  misdirected = exit.REFUSED,
  cancelled = exit.TEMPORARY,
  not_implemented = exit.USAGE,
  bad_configuration = exit.CONFIGURATION,
}

--- The exit code for an error.
---@param err { code: string }
---@return integer
function exit.code_of(err)
  return CODES[err.code] or exit.INTERNAL
end

--- The exit code of what does not start: misconfigured, unless time may help.
---@param err { code: string, retryable: boolean }
---@return integer
function exit.code_of_start(err)
  if err.code == "internal" then
    return exit.INTERNAL
  end
  return err.retryable and exit.TEMPORARY or exit.CONFIGURATION
end

--- Tells a person what went wrong, without control characters that a terminal would obey.
---@param message string
function exit.complain(message)
  io.stderr:write("usher: ", (message:gsub("%c", "?")), "\n")
end

--- Tells a person what may not be as they meant it.
---@param message string
function exit.warn(message)
  exit.complain("warning: " .. message)
end

--- Tells of an error, each of its messages on a line.
---@param err { message: string, messages?: string[] }
---@param translate? fun(message: string): string
function exit.complain_of(err, translate)
  for _, message in ipairs(err.messages or { err.message }) do
    exit.complain(translate and translate(message) or message)
  end
end

--- Tells of an error and gives its exit code: `return exit.fail(err)`.
---@param err { code: string, message: string }
---@param account? string the name that was given
---@return integer
function exit.fail(err, account)
  local is_unknown = account and err.code == "unknown_account"
  exit.complain(is_unknown and ("%s: %s"):format(err.message, account) or err.message)
  return exit.code_of(err)
end

--- Writes a command's result. Raises where it cannot: nobody may take half of it for the whole.
---@param text string
function exit.print(text)
  local written, reason = io.stdout:write(text)
  if written then
    written, reason = io.stdout:flush()
  end
  if not written then
    error({ code = exit.INTERNAL, text = "usher: standard output: " .. reason }, 0)
  end
end

return exit
