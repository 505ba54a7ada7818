-- SPDX-License-Identifier: MIT
-- A keeper in the program's own process: store, keeper and callback joined as in the gateway, without its listeners,
-- and with defaults for what a program rarely cares about.

local account = require "usher.provider.account"
local callback = require "usher.callback"
local clock = require "usher.clock"
local core = require "usher.core"
local keeper = require "usher.keeper"
local log = require "usher.log"

local local_keeper = {}

local CALLBACK_PATH = "/callback"
local OWNER = "library"

---@class usher.LocalKeeper
---@field private _store table
---@field private _keeper usher.Keeper
---@field private _make_callback fun(): usher.Callback?, usher.Error?
---@field private _callback? usher.Callback nil: not started
local LocalKeeper = {}
LocalKeeper.__index = LocalKeeper
LocalKeeper.__name = "usher.keeper"

--- Opens the store, loads the accounts and begins to keep their tokens. They are renewed while the loop turns: during
--- every call here that waits, and while the program runs `usher.loop`. Waits.
---@return true? ok
---@return usher.Error? err bad_configuration, or of the store; nothing stays open
function LocalKeeper:start()
  if self._callback then
    error("usher.keeper: started already", 2)
  end
  local receiver, err = self._make_callback()
  if not receiver then
    return nil, err
  end
  local ok
  ok, err = self._store:open()
  if ok then
    ok, err = self._keeper:start()
  end
  if not ok then
    self._store:close()
    return nil, err
  end
  self._callback = receiver
  return true
end

--- Ends attempts under way and closes the store. It cannot be started again. Waits; idempotent.
function LocalKeeper:stop()
  if self._callback then
    self._callback = nil
    self._keeper:stop()
    self._store:close()
  end
end

LocalKeeper.__close = LocalKeeper.stop

--- A valid token. An attempt that is due is waited for, at most `wait` seconds. Waits.
---@param name string of the account
---@param options? {min_ttl: number?, wait: number?} seconds; `min_ttl`: less left leads to at most one refresh
---@return {access_token: string, token_type: string, expires_in: integer, expires_at: integer}? token
---@return usher.Error? err unknown_account, awaiting_credential, reauthorization_required, budget_exhausted,
---temporarily_unavailable; `retry_after` in seconds
function LocalKeeper:token(name, options)
  return self._keeper:token(name, options)
end

--- A valid token of a tenant: of somebody who has authorized the app that the account is of. Waits.
---@param name string of the account
---@param tenant string as the provider names it
---@param options? {min_ttl: number?, wait: number?} as of `token`
---@return {access_token: string, token_type: string, expires_in: integer, expires_at: integer}? token
---@return usher.Error? err as of `token`; unknown_account also where the tenant is not known
function LocalKeeper:tenant_token(name, tenant, options)
  return self._keeper:tenant_token(name, tenant, options)
end

--- One attempt at once, whatever schedule and backoff say. Waits.
---@param name string of the account
---@param options? {rejected: string?} a token that was refused: nothing happens unless it is the current one
---@return {access_token: string, expires_at: integer, refreshed: boolean}? token
---@return usher.Error? err as of `token`
function LocalKeeper:refresh(name, options)
  return self._keeper:refresh(name, options)
end

--- Takes a credential that the program obtained by itself; durable when it returns. Waits for the store only.
---@param name string of the account
---@param push {subject: string?, credential: string, valid_for: number?}
---@return true? ok
---@return usher.Error? err forbidden: of another subject than the account's; or of the store
function LocalKeeper:offer(name, push)
  return self._keeper:offer(name, push)
end

--- Has a person asked to authorize an account. Waits.
---@param name string
---@param options? {loopback_port: integer?} of this machine, where the redirect is awaited, and then given to `receive`
---@return usher.keeper.Prompt? prompt
---@return usher.Error? err not_implemented: this account needs no person
function LocalKeeper:authorize(name, options)
  return self._keeper:authorize(name, options)
end

--- How the account's last authorization stands; with `wait`, once it has ended, or after so many seconds. Waits.
---@param name string
---@param options? {wait: number?}
---@return {status: string, failure: {code: string, message: string}?}? shown
---@return usher.Error? err unknown_account
function LocalKeeper:authorization(name, options)
  return self._keeper:authorization(name, options)
end

--- Has the provider revoke the account's tokens, and forgets them. Waits.
---@param name string
---@return true? ok
---@return usher.Error? err
function LocalKeeper:revoke(name)
  return self._keeper:revoke(name)
end

---@class usher.local_keeper.Callback
---@field method string
---@field path string as sent
---@field query? string as sent, without the `?`
---@field headers? table<string, string> lower-case names
---@field body? string
---@field remote? string where it came from, for the log

--- Takes what a provider sent to the callback, by whichever server it came, and says what to answer. Never raises for
--- what stands in the request. Waits for the store only.
---@param request usher.local_keeper.Callback what a handler of `usher.http.listen` gets
---@return usher.core.Response
function LocalKeeper:receive(request)
  if not self._callback then
    error("usher.keeper: not started", 2)
  end
  return self._callback:handle {
    method = request.method,
    path = request.path,
    query = request.query or "",
    headers = request.headers or {},
    body = request.body or "",
    remote = request.remote or "local",
  }
end

--- What is to be shown of an account; never a secret.
---@param name string
---@return table? document as of the API's GET /v1/accounts/{name}
---@return usher.Error? err unknown_account
function LocalKeeper:document(name)
  return self._keeper:document(name)
end

--- The accounts' names, sorted.
---@return string[]
function LocalKeeper:names()
  return self._keeper:names()
end

local function random(count)
  return assert(core.random.bytes(count))
end

-- A copy of the account with its secrets read.
local function read_account(made, name)
  local finding = account.check(made, name)[1]
  if finding then
    error("usher.keeper: " .. finding.message, 4)
  end
  local read, err = account.resolve(made, name)
  if not read then
    error("usher.keeper: " .. err.message, 4)
  end
  read.config.callback_path = read.config.callback_path or CALLBACK_PATH
  return read
end

local function read_accounts(accounts)
  if type(accounts) ~= "table" or next(accounts) == nil then
    error("usher.keeper: accounts must be a table of accounts by name", 3)
  end
  local read = {}
  for name, made in pairs(accounts) do
    read[name] = read_account(made, name)
  end
  return read
end

local OPTIONS = {
  store = true,
  accounts = true,
  on_event = true,
  log = true,
  clock = true,
  transfer = true,
  owner = true,
  callback_url = true,
}

local function check_options(options)
  if type(options) ~= "table" then
    error("usher.keeper takes a table", 3)
  end
  for name in pairs(options) do
    if not OPTIONS[name] then
      error(("usher.keeper takes no '%s'"):format(name), 3)
    end
  end
  if type(options.store) ~= "table" then
    error("usher.keeper: store must be one of usher.store", 3)
  end
end

---@class usher.local_keeper.options
---@field store table of `usher.store`, not open yet
---@field accounts table<string, usher.Account> made by `usher.provider`
---@field on_event? fun(event: {event: string, account: string, at: integer}) runs as a task
---@field log? usher.Logger default: warnings and errors to standard error
---@field clock? usher.Clock default: the system's
---@field transfer? fun(request: usher.core.transfer.Request): usher.core.transfer.Response?, usher.Error?
---default: `usher.http.request`
---@field owner? string who claims attempts in the store, where several processes share one
---@field callback_url? fun(path: string): string? where a browser of this machine reaches what leads to `receive`

--- A keeper that has opened nothing yet. Raises on options that cannot be meant.
---@param options usher.local_keeper.options
---@return usher.LocalKeeper
function local_keeper.new(options)
  check_options(options)
  local accounts = read_accounts(options.accounts)
  local shared = {
    store = options.store,
    accounts = accounts,
    on_event = options.on_event,
    log = options.log or log.new { level = "warn" },
    clock = options.clock or clock.system(),
    transfer = options.transfer or core.transfer.perform,
    owner = options.owner or OWNER,
    callback_url = options.callback_url,
    random = random,
  }
  local self = setmetatable({ _store = options.store, _keeper = keeper.new(shared) }, LocalKeeper)
  shared.authorizations = self._keeper:for_callback()
  function shared.offer(name, push)
    return self:offer(name, push)
  end
  function shared.offer_tenant(name, push)
    return self._keeper:offer_tenant(name, push)
  end
  function self._make_callback()
    return callback.new(shared)
  end
  return self
end

return local_keeper
