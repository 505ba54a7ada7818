-- SPDX-License-Identifier: MIT
-- A keeper of one platform's account, "main", on a fake clock: the simulated platform pushes into a callback and
-- answers the keeper's requests.

local callback = require "usher.callback"
local core = require "usher.core"
local errors = require "usher.errors"
local keeper = require "usher.keeper"
local memory = require "usher.store.memory"
local recorder = require "spec.support.recorder"
local ticket_rig = require "spec.support.ticket_rig"

local tenant_rig = {}

local TenantRig = {}
TenantRig.__index = TenantRig

local LATENCY = 0.05

local function settle()
  repeat
    core.loop:step()
  until not core.loop:has_ready_tasks()
end

--- Runs a function as a task; its results appear in the table once it is through.
function TenantRig.run(_, fn, ...)
  local box = {}
  core.loop:spawn(function(...)
    box.value, box.err = fn(...)
    box.is_done = true
  end, ...)
  settle()
  return box
end

--- Lets time pass.
function TenantRig:advance(seconds)
  self.rig.clock:advance(seconds)
end

--- Has the platform push all that it has to push; gives the statuses that it gets, by what it pushed.
function TenantRig:push()
  local statuses = {}
  for what, delivery in pairs(self.rig:push()) do
    delivery.received.path = "/callback"
    local box = self:run(self.callback.handle, self.callback, delivery.received)
    statuses[what] = box.value.status
    self.last = self.last or {}
    self.last[what] = delivery.received
  end
  return statuses
end

--- Hands a callback in once more.
function TenantRig:push_again(what)
  return self:run(self.callback.handle, self.callback, self.last[what]).value.status
end

--- What a consumer gets; the attempt it may lead to is waited for.
function TenantRig:token(tenant, options)
  local box = self:run(self.keeper.tenant_token, self.keeper, "main", tenant, options)
  while not box.is_done do
    self:advance(1)
  end
  return box.value, box.err
end

--- Whose the platform says that an access token is; nil: it does not live.
function TenantRig:owner(token)
  local subject = self.rig.platform
  return subject:left(token.access_token, token.tenant or "tenant-1") and "tenant-1" or nil
end

--- The names that the store has records of.
function TenantRig:stored()
  return self:run(self.store.names, self.store).value
end

--- How many requests of that kind the platform was asked.
function TenantRig:count(kind, verdict)
  return self.rig.platform.ledger:count(kind, verdict)
end

--- Has a tenant authorize the app anew; gives the callback that tells of it.
---@return usher.core.Request
function TenantRig:authorize(tenant)
  self.rig.platform:handle {
    method = "POST",
    path = "/authorize",
    query = "tenant=" .. tenant,
    headers = {},
    body = "",
  }
  local received = self.rig:push().tenant.received
  received.path = "/callback"
  return received
end

--- Has these functions of the store take so many seconds, as on a disk, and no other.
---@param seconds table<string, number>
function TenantRig:slow_store(seconds)
  for name in pairs(self.slow) do
    self.store[name], self.slow[name] = nil, nil
  end
  for name, delay in pairs(seconds) do
    local at_once = self.store[name]
    self.slow[name] = true
    self.store[name] = function(...)
      self.rig.clock:sleep(delay)
      return at_once(...)
    end
  end
end

--- Has the platform take back every refresh token that it gave to tenants.
function TenantRig:end_refresh_tokens()
  for token in pairs(self.rig.platform.refresh_tokens) do
    self.rig.platform.refresh_tokens[token] = nil
  end
end

local function transfer(self, request)
  self.rig.clock:sleep(LATENCY)
  if self.is_cut then
    return errors.fail("connect_failed", nil, { sent = false })
  elseif self.loses_answers then
    self.rig.platform:perform(request)
    return errors.fail("connection_lost", nil, { sent = true })
  end
  return self.rig.platform:perform(request)
end

function TenantRig:account(changes)
  local config = { callback_path = "/callback" }
  for name, value in pairs(self.rig.config) do
    config[name] = value
  end
  local made = {
    provider = self.rig.script,
    config = config,
    policy = self.rig.script.policy,
    subject = self.rig.platform.options.app_id,
  }
  for name, value in pairs(changes or {}) do
    made[name] = value
  end
  return made
end

--- Makes and starts a keeper over the same store, as after a restart of the process.
function TenantRig:start()
  local accounts = { main = self:account() }
  self.keeper = keeper.new {
    store = self.store,
    transfer = function(request)
      return transfer(self, request)
    end,
    clock = self.rig.clock,
    log = self.log,
    random = core.random.bytes,
    owner = "spec",
    accounts = accounts,
    on_event = function(event)
      table.insert(self.events, event)
    end,
  }
  local box = self:run(self.keeper.start, self.keeper)
  assert(box.value, box.err)
  self.callback = assert(callback.new {
    accounts = accounts,
    offer = function(name, push)
      return self.keeper:offer(name, push)
    end,
    offer_tenant = function(name, push)
      return self.keeper:offer_tenant(name, push)
    end,
    log = self.log,
    clock = self.rig.clock,
    random = core.random.bytes,
  })
  return self
end

--- Ends the keeper in order.
function TenantRig:stop()
  self:run(self.keeper.stop, self.keeper)
  self:advance(1)
end

---@param name string of the provider script
---@param options? table of the platform
---@return table rig has `keeper`, `callback`, `store`, `rig`, `events`, `lines`; nothing has been pushed
function tenant_rig.new(name, options)
  local self = setmetatable({ store = memory.new {}, events = {}, slow = {} }, TenantRig)
  self.rig = ticket_rig.new(name, options)
  self.log, self.lines = recorder.new()
  assert(self.store:open())
  return self:start()
end

return tenant_rig
