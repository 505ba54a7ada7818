-- SPDX-License-Identifier: MIT
-- What a provider script is: a table of pure functions. Checks one when it is loaded.

local account_keys = require "usher.config.account_keys"
local origin = require "usher.provider.origin"
local schema = require "usher.config.schema"

local interface = {}

---@class usher.Provider
---@field name string
---@field policy? usher.Policy
---@field keys? table<string, table> what an account must have, or may have besides: keys as in config/account_keys.lua
---@field subject_key? string|false the key that pins the account's subject, "client_id"; false: none does
---@field check? fun(config: table): string?, string? a key and what is wrong with it, where keys do not fit together
---@field account_key fun(config: table): string|false which account a callback is for; false: it has no key of its own
---@field request_key fun(request: usher.core.Request): string?, usher.Error? the account key that a callback carries
---@field read_callback fun(request, config: table, context: table): usher.provider.Callback?, usher.Error?
---@field exchange fun(config: table, credential: string, context: table): usher.provider.Request
---@field refresh fun(config: table, tokens: usher.TokenSet, context: table): usher.provider.Request?
---@field read_tokens fun(response, config: table, kind: string): usher.Answer?, usher.Error?
---@field classify fun(response, kind: string, config: table): string, string? a class, and the provider's own code
---@field own_credential? fun(config: table): string? what to exchange where nothing is pushed; nil: pushes bring it
---@field discover? fun(config: table, place: integer): usher.core.transfer.Request? for what is to be known at first
---@field read_discovery? fun(response, config: table): table?, usher.Error? what `context.metadata` is from then on
---@field authorize? fun(config: table, context: table): usher.provider.Authorization?, usher.Error? by a person
---@field poll? fun(config: table, pending: table, context: table): usher.core.transfer.Request? has the person decided?
---@field revoke? fun(config: table, tokens: usher.TokenSet, context: table): usher.provider.Request[]?
---@field derive? fun(config, tenant: usher.provider.Tenant, context): usher.core.transfer.Request? a tenant's token
---@field watches? fun(config: table): string a file: an exchange is due once it has changed
---@field derives_by_name? boolean whoever is asked for is a tenant, and `derive` needs nothing but the name
---@field nudge? fun(config: table, context: table): usher.core.transfer.Request asks for a push that is missing

---@class usher.provider.Request: usher.core.transfer.Request an HTTP request, or one of these two in its place
---@field file? string to be read: the response's body
---@field command? string[] to be run, with `environment` alone: the response's body is its output, `exit` how it ended
---@field environment? table<string, string>
---@field timeout? number seconds, where the usual limit is too long
---@field optional? boolean of `revoke`: a provider that cannot revoke this token may say so

---@class usher.provider.Context
---@field now integer seconds since 1970
---@field random fun(count: integer): string
---@field subject? string whom the credential to exchange belongs to: the pinned one, where there is one
---@field metadata? table what `read_discovery` gave
---@field parent? {access_token: string?, credential: string?} for `derive`: what the platform's account has
---@field pending? table of a callback that ends an authorization: what `authorize` gave
---@field callback_url? string of an authorization: where this gateway's own machine reaches the account's callback
---@field loopback_port? integer of an authorization: the port of the person's own machine where a redirect is awaited
---@field response? usher.core.transfer.Response of an authorization: to the request that `authorize` gave

---@class usher.Policy
---@field push_interval? number seconds between pushes; nil: learnt
---@field credential_ttl? number seconds that a credential lives; nil: until the next
---@field margin? number seconds before expiry that renewal begins
---@field budgets? {exchange?: integer, refresh?: integer} requests a day
---@field rotates? boolean whether a refresh replaces the refresh token; nil: taken for yes
---@field retry_uncertain? boolean false: a refresh token whose request got no answer is not sent again
---@field single_use? boolean false: a credential may be exchanged again, until it is refused
---@field repeats_token? boolean the provider gives the same token until its end: its life counts from the first answer
---@field lifetimes? {access?: number, refresh?: number} seconds, where answers name none

---@class usher.provider.Callback
---@field reply? string|table a body, or a whole response
---@field credential? string nil: a URL check, or `failure`
---@field subject? string
---@field valid_for? number seconds
---@field id? string of what is pushed: what has been accepted is answered again, and not taken again
---@field tenant? usher.provider.TenantPush who authorized; without a credential: is gone
---@field failure? {code: string, message: string} the authorization ended without a credential

---@class usher.provider.TenantPush
---@field name? string
---@field credential? string
---@field valid_for? number seconds
---@field at? number seconds since 1970: when the message was made; one from before an authorization does not end that

---@class usher.provider.Tenant
---@field name? string nil: only the answer to its `credential` tells, as `subject`
---@field credential? string by which it has authorized, to be exchanged
---@field refresh_token? string

---@class usher.provider.Authorization a request to be sent first, or what a person is to do
---@field request? usher.core.transfer.Request `authorize` is called again with its response
---@field url? string where the person decides
---@field user_code? string what the person enters there
---@field redirect_uri? string where the browser is sent back to from there
---@field expires_in? number seconds
---@field pending? table kept in memory only, for `read_callback` or `poll`
---@field key? string what `request_key` reads from the callback that ends this authorization, unguessable
---@field interval? number seconds between polls, where no callback comes

local FUNCTIONS =
  { "account_key", "request_key", "read_callback", "exchange", "refresh", "read_tokens", "classify" }
local OPTIONAL = {
  "nudge",
  "authorize",
  "poll",
  "revoke",
  "derive",
  "check",
  "own_credential",
  "discover",
  "read_discovery",
  "watches",
}

local POLICY = schema.shape(account_keys).members.policy

--- The classes that `classify` may give.
interface.CLASSES = {
  ok = true,
  retryable = true,
  credential = true,
  refresh_token = true,
  budget = true,
  configuration = true,
  pending = true,
  slow_down = true,
  parent = true,
}

local function fail(script, word, ...)
  local finding = { message = string.format(...), place = origin.place(script, word) }
  return schema.failure { finding }
end

local function check_functions(script)
  for _, name in ipairs(FUNCTIONS) do
    if script[name] == nil then
      return fail(script, nil, "the function %s is missing", name)
    elseif type(script[name]) ~= "function" then
      return fail(script, name, "%s must be a function", name)
    end
  end
  for _, name in ipairs(OPTIONAL) do
    if script[name] ~= nil and type(script[name]) ~= "function" then
      return fail(script, name, "%s must be a function", name)
    end
  end
  return true
end

local function check_policy(script)
  local finding = schema.check(script.policy or {}, POLICY, { "policy" })[1]
  if finding then
    return fail(script, finding.keys[#finding.keys], "%s", finding.message)
  end
  return true
end

-- The keys that a script adds to those of every account, or makes required.
local function check_keys(script)
  for name, key in pairs(type(script.keys) == "table" and script.keys or {}) do
    if type(name) ~= "string" or not name:find "^[%w_]+$" or type(key) ~= "table" then
      return fail(script, "keys", "keys must name the keys of an account, each with a table")
    end
  end
  if script.keys ~= nil and type(script.keys) ~= "table" then
    return fail(script, "keys", "keys must be a table")
  end
  return true
end

--- Checks that a provider script has what the keeper and the callback will call.
---@param script any
---@return true? ok
---@return usher.Error? err bad_configuration with one finding: what is missing, and the place in the script
function interface.check(script)
  if type(script) ~= "table" then
    return fail(script, nil, "a provider script must be a table")
  elseif type(script.name) ~= "string" or not script.name:find "^[%w_]+$" then
    return fail(script, "name", "name must be a word")
  end
  for _, check in ipairs { check_functions, check_policy, check_keys } do
    local ok, err = check(script)
    if not ok then
      return nil, err
    end
  end
  return true
end

return interface
