-- SPDX-License-Identifier: MIT
-- What a provider script is: a table of pure functions. Checks one when it is loaded.

local errors = require "usher.errors"

local interface = {}

---@class usher.Provider
---@field name string
---@field policy usher.Policy
---@field account_key fun(config: table): string which account a callback is for
---@field request_key fun(request: usher.core.Request): string?, usher.Error? the account key that a callback carries
---@field read_callback fun(request, config: table, context: table): usher.provider.Callback?, usher.Error?
---@field exchange fun(config: table, credential: string, context: table): usher.core.transfer.Request
---@field refresh fun(config: table, tokens: usher.TokenSet, context: table): usher.core.transfer.Request?
---@field read_tokens fun(response, config: table, kind: string): usher.Answer?, usher.Error?
---@field classify fun(response, kind: string, config: table): string, string? a class, and the provider's own code

---@class usher.provider.Context
---@field now integer seconds since 1970
---@field random fun(count: integer): string
---@field subject? string whom the credential to exchange belongs to: the pinned one, where there is one

---@class usher.Policy
---@field push_interval? number seconds between pushes; nil: learnt
---@field credential_ttl? number seconds that a credential lives; nil: until the next
---@field margin? number seconds before expiry that renewal begins
---@field budgets? {exchange?: integer, refresh?: integer} requests a day
---@field rotates? boolean whether a refresh replaces the refresh token; nil: taken for yes
---@field retry_uncertain? boolean false: a refresh token whose request got no answer is not sent again
---@field lifetimes? {access?: number, refresh?: number} seconds, where answers name none

---@class usher.provider.Callback
---@field reply? string|table a body, or a whole response
---@field credential? string nil: a URL check
---@field subject? string
---@field valid_for? number seconds

local FUNCTIONS =
  { "account_key", "request_key", "read_callback", "exchange", "refresh", "read_tokens", "classify" }
local OPTIONAL = { "nudge", "authorize", "poll", "revoke", "derive" }

local POLICY = {
  push_interval = "number",
  credential_ttl = "number",
  margin = "number",
  budgets = { exchange = "number", refresh = "number" },
  rotates = "boolean",
  retry_uncertain = "boolean",
  lifetimes = { access = "number", refresh = "number" },
}

--- The classes that `classify` may give.
interface.CLASSES = {
  ok = true,
  retryable = true,
  credential = true,
  refresh_token = true,
  budget = true,
  configuration = true,
}

local function fail(where, ...)
  return errors.fail("bad_configuration", where .. ": " .. string.format(...))
end

local function check_value(value, expected, where)
  if type(expected) == "table" then
    return interface.check_table(value, expected, where)
  elseif type(value) ~= expected then
    return fail(where, "must be a %s", expected)
  elseif expected == "number" and not (value > 0 and value < math.huge) then
    return fail(where, "must be a number above 0")
  end
  return true
end

function interface.check_table(value, shape, where)
  if type(value) ~= "table" then
    return fail(where, "must be a table")
  end
  for key, member in pairs(value) do
    local path = where .. "." .. tostring(key)
    if not shape[key] then
      return fail(path, "unknown key")
    end
    local ok, err = check_value(member, shape[key], path)
    if not ok then
      return nil, err
    end
  end
  return true
end

--- Checks a policy, of a script or of one account.
---@param policy any
---@param where string for the message, e.g. "accounts.acme.policy"
---@return true? ok
---@return usher.Error? err bad_configuration
function interface.check_policy(policy, where)
  return interface.check_table(policy, POLICY, where)
end

local function check_functions(script, where)
  for _, name in ipairs(FUNCTIONS) do
    if script[name] == nil then
      return fail(where, "the function %s is missing", name)
    elseif type(script[name]) ~= "function" then
      return fail(where, "%s must be a function", name)
    end
  end
  for _, name in ipairs(OPTIONAL) do
    if script[name] ~= nil and type(script[name]) ~= "function" then
      return fail(where, "%s must be a function", name)
    end
  end
  return true
end

--- Checks that a provider script has what the keeper and the callback will call.
---@param script any
---@param where string for the message, e.g. "accounts.acme.provider"
---@return true? ok
---@return usher.Error? err bad_configuration, says what is missing
function interface.check(script, where)
  if type(script) ~= "table" then
    return fail(where, "a provider script must be a table")
  elseif type(script.name) ~= "string" or not script.name:find "^[%w_]+$" then
    return fail(where, "name must be a word")
  end
  local ok, err = check_functions(script, where)
  if not ok then
    return nil, err
  end
  return interface.check_policy(script.policy == nil and {} or script.policy, where .. ".policy")
end

return interface
