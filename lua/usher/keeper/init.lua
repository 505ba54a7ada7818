-- SPDX-License-Identifier: MIT
-- The keeper: obtains tokens, renews them in time, and serves them. Store, transfers, time and randomness are given to
-- it.

local account = require "usher.keeper.account"
local authorization = require "usher.keeper.authorization"
local consent = require "usher.keeper.consent"
local consumer = require "usher.keeper.consumer"
local core = require "usher.core"
local document = require "usher.keeper.document"
local errors = require "usher.errors"
local events = require "usher.keeper.events"
local file_watch = require "usher.keeper.file_watch"
local intake = require "usher.keeper.intake"
local membership = require "usher.keeper.membership"
local planner = require "usher.keeper.planner"
local records = require "usher.keeper.records"
local saver = require "usher.keeper.saver"
local scheduler = require "usher.keeper.scheduler"
local sources = require "usher.keeper.sources"
local storage = require "usher.keeper.storage"
local tenants = require "usher.keeper.tenants"
local turns = require "usher.store.turns"

local keeper = { EVENTS = events.NAMES }

local CONSULT_MS = 10000

---@class usher.Keeper
---@field store table one of `usher.store`
---@field transfer fun(request: table): table?, usher.Error?
---@field clock usher.Clock
---@field log usher.Logger
---@field random fun(count: integer): string
---@field owner string who claims attempts in the store
---@field on_event? fun(event: table)
---@field scheduler usher.keeper.Scheduler
---@field accounts table<string, usher.keeper.Account>
---@field retiring table<string, usher.keeper.Account> no longer kept, and not at rest yet
---@field is_leaving boolean nobody waits any longer but for an attempt under way
---@field is_closing boolean nobody waits any longer
---@field is_stopped boolean
---@field reads integer store reads begun
---@field callback_url? fun(path: string): string? where this machine reaches a path of the callback listener
---@field authorizations table<string, usher.keeper.Authorization> by the digest of their key
---@field tenant_turns usher.store.Turns by the names of tenants' accounts
local Keeper = {}
Keeper.__index = Keeper
Keeper.__name = "usher.keeper"

-- for the other files of this folder ------------------------------------------------------------------

--- Both clocks.
---@return usher.keeper.Now
function Keeper:now()
  return { wall = self.clock:wall(), boot = self.clock:boot() }
end

--- Notes how a call of the store ended.
---@param err? usher.Error
function Keeper:note_store(err)
  self._storage:note(err)
end

--- Notes a fault of our own: the account goes on.
---@param of usher.keeper.Account
---@param message string
function Keeper:note_fault(of, message)
  self.log:error("attempt_broke", { account = of.name, error = tostring(message) })
  of.failures = of.failures + 1
  of.last_error = { class = "internal", code = "internal", at = math.floor(self.clock:wall()) }
  of.backoff_until = self.clock:boot() + 60
end

local function settle_idle(self)
  if self._running == 0 and self._idle then
    self._idle:resolve()
    self._idle = nil
  end
end

--- Runs `fn(...)` as a task that `stop` waits for.
---@param fn function
function Keeper:spawn(fn, ...)
  self._running = self._running + 1
  core.loop:spawn(function(...)
    local ran, message = xpcall(fn, debug.traceback, ...)
    self._running = self._running - 1
    settle_idle(self)
    assert(ran, message)
  end, ...)
end

--- One transfer, which `stop` cuts short. Waits; never raises.
---@param of usher.keeper.Account
---@param request usher.core.transfer.Request
---@return usher.core.transfer.Response? response
---@return usher.Error? err
function Keeper:perform(of, request)
  if self.is_stopped then
    return errors.fail("cancelled", nil, { sent = false })
  end
  local done = core.future.new()
  self._transfers[done] = core.loop:spawn(function()
    done:resolve(xpcall(sources.of(request) or self.transfer, debug.traceback, request))
  end)
  local ran, response, err = done:wait()
  self._transfers[done] = nil
  if not ran then
    self.log:error("transfer_broke", { account = of.name, error = tostring(response) })
    return errors.fail "internal"
  end
  return response, err
end

--- One transfer beside the account's attempts, no longer than ten seconds. Waits; never raises.
---@param of usher.keeper.Account
---@param request usher.core.transfer.Request
---@return usher.core.transfer.Response? response
---@return usher.Error? err
function Keeper:consult(of, request)
  request.timeout_ms, request.ca_file = CONSULT_MS, of.config.ca_file
  return self:perform(of, request)
end

--- An attempt of the account has ended.
---@param of usher.keeper.Account
function Keeper:note_flight(of)
  tenants.settle(self, of)
end

--- Whether the account is among those kept: a reload may have removed it, or put another in its place.
---@param of usher.keeper.Account
---@return boolean
function Keeper:keeps(of)
  return self.accounts[of.name] == of
end

-- life ------------------------------------------------------------------------------------------------

local function catch_up(self, of)
  records.reload(self, of)
  planner.consider(self, of)
end

-- What waits for the store waits no longer.
local function on_store_up(self)
  for _, of in pairs(self.accounts) do
    if of.last_error and of.last_error.class == "store" then
      of.backoff_until = nil
    end
    if of.unsaved then
      of.unsaved.retry_at = self.clock:boot()
    end
    if of.is_stale then
      self:spawn(catch_up, self, of)
    else
      planner.consider(self, of)
    end
  end
  self:spawn(tenants.load, self)
end

local function on_jump(self, seconds)
  self.log:warn("clock_jumped", { seconds = math.floor(seconds) })
  for _, of in pairs(self.accounts) do
    planner.consider(self, of)
  end
end

--- Loads every account and begins to keep them. Waits.
---@return true? ok
---@return usher.Error? err of the store
function Keeper:start()
  local ok, err = membership.start(self)
  if ok then
    self.scheduler:start()
    self._file_watch:start()
  end
  return ok, err
end

--- Keeps these accounts from now on: see keeper/membership.lua. Waits.
---@param accounts table<string, usher.Account> as `keeper.new` takes them
---@return true? ok
---@return usher.Error? err of the store; nothing has changed
function Keeper:apply(accounts)
  local ok, err = membership.apply(self, accounts)
  self._file_watch:start()
  return ok, err
end

local function cancel_transfers(self)
  for done, task in pairs(self._transfers) do
    task:close()
    done:resolve(true, errors.fail "cancelled")
  end
end

local function all(self)
  local list = {}
  for _, accounts in ipairs { self.accounts, self.retiring } do
    for _, of in pairs(accounts) do
      table.insert(list, of)
    end
  end
  return list
end

--- Answers those who wait, for `stop` comes soon. Does not wait.
---@param is_now? boolean also those whom an attempt under way, or a person's decision, concerns
function Keeper:dismiss(is_now)
  self.is_leaving, self.is_closing = true, is_now == true
  for _, of in ipairs(all(self)) do
    if is_now then
      authorization.cancel(self, of)
    end
    of.waiters:wake()
  end
end

local function await_idle(self)
  while self._running > 0 do
    self._idle = self._idle or core.future.new()
    self._idle:wait()
  end
end

--- Ends attempts and waits until each has noted how, and what they brought is on disk where the store takes it; nothing
--- runs afterwards. The store stays open. Waits.
function Keeper:stop()
  self.is_stopped = true
  self.scheduler:stop()
  self._storage:stop()
  self._file_watch:stop()
  cancel_transfers(self)
  self:dismiss(true)
  await_idle(self)
  for _, of in ipairs(all(self)) do
    if of.unsaved then
      saver.save(self, of, of.unsaved)
    end
  end
  await_idle(self)
  for _, of in ipairs(all(self)) do
    records.forget(self, of)
  end
end

-- what others ask -------------------------------------------------------------------------------------

local function with_account(answer)
  return function(self, name, ...)
    local of = self.accounts[name]
    if not of then
      return errors.fail "unknown_account"
    end
    return answer(self, of, ...)
  end
end

--- The accounts' names, sorted.
---@return string[]
function Keeper:names()
  local names = {}
  for name, of in pairs(self.accounts) do
    table.insert(names, not of.parent and name or nil)
  end
  table.sort(names)
  return names
end

--- Whether the store took or gave what it was last asked for.
---@return boolean
function Keeper:is_store_up()
  return self._storage:is_up()
end

--- `keeper:document(name)`: what is shown of an account, `json.null` where a field has no value.
---@type fun(self: usher.Keeper, name: string): table?, usher.Error?
Keeper.document = with_account(function(self, of)
  return document.of(of, self:now())
end)

--- `keeper:tally(name)`: what has happened to an account since this process began to keep it; not to be changed.
---@type fun(self: usher.Keeper, name: string): usher.keeper.Tally?, usher.Error?
Keeper.tally = with_account(function(_, of)
  return of.tally
end)

--- `keeper:token(name, { min_ttl=, wait= })`: see keeper/consumer.lua. Waits.
---@type fun(self: usher.Keeper, name: string, options: table?): table?, usher.Error?
Keeper.token = with_account(consumer.token)

--- `keeper:refresh(name, { rejected= })`: see keeper/consumer.lua. Waits.
---@type fun(self: usher.Keeper, name: string, options: table?): table?, usher.Error?
Keeper.refresh = with_account(consumer.refresh)

--- `keeper:offer(name, { subject=, credential=, valid_for= })`: see keeper/intake.lua. Waits for the store only.
---@type fun(self: usher.Keeper, name: string, push: table): true?, usher.Error?
Keeper.offer = with_account(intake.offer)

--- `keeper:tenant_token(name, tenant, { min_ttl=, wait= })`: as `token`, of a tenant of the account. Waits.
---@type fun(self: usher.Keeper, name: string, tenant: string, options: table?): table?, usher.Error?
Keeper.tenant_token = with_account(tenants.token)

--- `keeper:tenant_refresh(name, tenant, { rejected= })`: as `refresh`, of a tenant of the account. Waits.
---@type fun(self: usher.Keeper, name: string, tenant: string, options: table?): table?, usher.Error?
Keeper.tenant_refresh = with_account(tenants.refresh)

--- `keeper:tenants(name)`: the documents of an account's tenants, in the order of their names.
---@type fun(self: usher.Keeper, name: string): table[]?, usher.Error?
Keeper.tenants = with_account(tenants.documents)

--- `keeper:offer_tenant(name, push)`: see keeper/tenants.lua. Waits for the store only.
---@type fun(self: usher.Keeper, name: string, push: table): true?, usher.Error?
Keeper.offer_tenant = with_account(tenants.offer)

--- `keeper:authorize(name, { loopback_port= })`: has a person asked to authorize; see keeper/consent.lua. Waits.
---@type fun(self: usher.Keeper, name: string, options: table?): usher.keeper.Prompt?, usher.Error?
Keeper.authorize = with_account(consent.begin)

--- `keeper:authorization(name, { wait= })`: how the last authorization stands. Waits.
---@type fun(self: usher.Keeper, name: string, options: table?): table?, usher.Error?
Keeper.authorization = with_account(authorization.show)

--- `keeper:revoke(name)`: has the provider revoke the account's tokens, and forgets them. Waits.
---@type fun(self: usher.Keeper, name: string): true?, usher.Error?
Keeper.revoke = with_account(planner.revoke)

--- What a callback ends authorizations by, as `callback.new` takes it.
---@return usher.callback.Authorizations
function Keeper:for_callback()
  return authorization.for_callback(self)
end

---@class usher.keeper.options
---@field store table
---@field transfer fun(request: table): table?, usher.Error? as `core.transfer.perform`
---@field clock usher.Clock
---@field log usher.Logger
---@field random fun(count: integer): string
---@field owner string
---@field accounts table<string, {provider: usher.Provider, config: table, policy: usher.Policy?, subject: string?}>
---@field on_event? fun(event: {event: string, account: string, at: integer}) runs as a task
---@field callback_url? fun(path: string): string? where this machine reaches a path of the callback listener; nil: not

---@param options usher.keeper.options
---@return usher.Keeper
function keeper.new(options)
  local self = setmetatable({
    store = options.store,
    transfer = options.transfer,
    clock = options.clock,
    log = options.log,
    random = options.random,
    owner = options.owner,
    on_event = options.on_event,
    callback_url = options.callback_url,
    accounts = {},
    retiring = {},
    authorizations = {},
    tenant_turns = turns.new(),
    is_leaving = false,
    is_closing = false,
    is_stopped = false,
    reads = 0,
    _transfers = {},
    _running = 0,
  }, Keeper)
  for name, settings in pairs(options.accounts) do
    self.accounts[name] = account.new(name, settings, self.clock:boot())
  end
  self.scheduler = scheduler.new {
    clock = self.clock,
    on_due = function(name)
      planner.act(self, self.accounts[name])
    end,
    on_jump = function(seconds)
      on_jump(self, seconds)
    end,
  }
  self._storage = storage.new {
    store = self.store,
    clock = self.clock,
    log = self.log,
    spawn = function(...)
      self:spawn(...)
    end,
    on_up = function()
      on_store_up(self)
    end,
  }
  self._file_watch = file_watch.new(self)
  return self
end

return keeper
