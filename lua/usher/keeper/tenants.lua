-- SPDX-License-Identifier: MIT
-- Tenants of platforms: who has authorized a platform's app, each an account that is kept by the same rules as every
-- other. What brings a tenant's first token, an authorization code, is durable before it is used, and what comes of it
-- is durable before anybody is served from it.

local consumer = require "usher.keeper.consumer"
local derived = require "usher.keeper.derived"
local document = require "usher.keeper.document"
local errors = require "usher.errors"
local identity = require "usher.keeper.identity"
local intake = require "usher.keeper.intake"
local planner = require "usher.keeper.planner"
local records = require "usher.keeper.records"
local roster = require "usher.keeper.roster"
local sorted = require "usher.config.sorted"
local strangers = require "usher.keeper.strangers"

local tenants = {}

local MAX_TENANTS = 10000
local LEAST_AGE = 60 -- seconds: a token of the platform's that is younger is not refreshed for a tenant

-- tokens ----------------------------------------------------------------------------------------------

-- Whether there may be such a tenant, where there is none yet: the platform derives it by its name alone.
local function admit(parent, tenant)
  if not derived.is_name(tenant) or not parent.provider.derives_by_name then
    return errors.fail("unknown_account", "no such tenant")
  elseif #sorted.keys(parent.tenants) >= MAX_TENANTS then
    return errors.fail("temporarily_unavailable", "too many tenants")
  end
  return strangers.admit(parent)
end

-- The tenant to be asked for.
local function find(keeper, parent, tenant)
  local is_known = derived.is_name(tenant) and parent.tenants[tenant] ~= nil
  if not is_known then
    local ok, err = admit(parent, tenant)
    if not ok then
      return nil, err
    end
  end
  local of = roster.keep(keeper, parent, tenant)
  local ok, err = roster.load(keeper, of)
  if not ok then
    return nil, err
  elseif not is_known then
    planner.consider(keeper, of)
  end
  return of
end

-- Wraps what consumers ask of an account so that they can ask it of a tenant.
local function of_tenant(answer)
  return function(keeper, parent, tenant, options)
    local of, err = find(keeper, parent, tenant)
    if not of then
      return nil, err
    end
    return answer(keeper, of, options)
  end
end

--- `tenants.token(keeper, parent, tenant, options)`: as `consumer.token`. Waits.
tenants.token = of_tenant(consumer.token)

--- `tenants.refresh(keeper, parent, tenant, options)`: as `consumer.refresh`. Waits.
tenants.refresh = of_tenant(consumer.refresh)

--- The documents of an account's tenants, in the order of their names.
---@param keeper usher.Keeper
---@param parent usher.keeper.Account
---@return table[]
function tenants.documents(keeper, parent)
  local documents = {}
  for _, tenant in ipairs(sorted.keys(parent.tenants)) do
    if not derived.is_unknown(tenant) then
      local shown = document.of(parent.tenants[tenant], keeper:now())
      shown.name = tenant
      table.insert(documents, shown)
    end
  end
  return documents
end

-- pushes ----------------------------------------------------------------------------------------------

local function has_nothing(of)
  return not of.record.token_set and #of.record.pushes == 0
end

-- A code says that the tenant has authorized anew: what it had before may be worth nothing any more.
local function exchange(keeper, of, credential)
  planner.run_next(keeper, of, function()
    for _, push in ipairs(of.record.pushes) do
      if push.credential == credential then
        return { kind = "exchange", delay = 0, push = push, is_forced = true }
      end
    end
  end)
end

-- In the tenant's turn. A reload may have removed the platform's account while that was awaited.
local function take_code(keeper, parent, tenant, push)
  if not keeper:keeps(parent) then
    return errors.fail "unknown_account"
  end
  local of = roster.keep(keeper, parent, tenant)
  local ok, err = roster.load(keeper, of)
  if ok then
    local offered = { subject = push.name, credential = push.credential, valid_for = push.valid_for }
    ok, err = intake.offer(keeper, of, offered)
  end
  if ok then
    keeper:spawn(exchange, keeper, of, push.credential)
  elseif has_nothing(of) and not of.flight then
    roster.retire(keeper, of)
  end
  return ok, err
end

-- When the tenant has authorized, as far as its record tells.
local function authorized_at(record)
  local tokens = record.token_set or { issued_at = 0 }
  return record.last_push_at or tokens.refresh_issued_at or tokens.issued_at
end

-- In the tenant's turn. A message from before the tenant authorized, such as one that is sent once more, ends nothing.
local function withdraw(keeper, parent, tenant, push)
  local name = derived.name(parent.name, tenant)
  local record, err = keeper.store:load(name)
  keeper:note_store(err)
  if not record and not err.record then
    return nil, err
  elseif record and push.at and push.at < authorized_at(record) then
    return true
  end
  return roster.erase(keeper, name)
end

--- Takes what a platform pushes about a tenant: a code by which it has authorized the app, or that it has taken that
--- back. Durable when it returns. Waits for the store only.
---@param keeper usher.Keeper
---@param parent usher.keeper.Account
---@param push usher.provider.TenantPush
---@return true? ok
---@return usher.Error? err
function tenants.offer(keeper, parent, push)
  local tenant = push.name or push.credential and derived.unknown(push.credential)
  if not parent.provider.derive or not tenant or push.name and not derived.is_name(push.name) then
    return errors.fail("bad_request", "no tenant's name")
  end
  local take = push.credential and take_code or withdraw
  return roster.in_turn(keeper, derived.name(parent.name, tenant), take, keeper, parent, tenant, push)
end

-- after attempts --------------------------------------------------------------------------------------

-- What it had is used up, and brought nothing.
local function is_hopeless(of)
  return has_nothing(of) and not of.flight and not of.own_credential
end

local function refresh_parent(keeper, of)
  local parent, refused = of.parent, of.refused_token
  of.refused_token = nil
  local present = parent.record.token_set
  local is_present = present ~= nil and present.access_token == refused
  if is_present and parent:life() - parent:left(keeper:now()) >= LEAST_AGE then
    keeper.log:warn("platform_token_refused", { account = parent.name, tenant = of.tenant })
    of.waits_for_platform = true
    planner.start_early(keeper, parent, false)
  end
end

-- The platform's account has another token, perhaps: what failed for want of it is tried once more.
local function resume_attempt(keeper, of)
  if identity.is_owed(of) then
    keeper:spawn(identity.settle, keeper, of)
  elseif of.waits_for_platform then
    of.waits_for_platform, of.backoff_until = nil, nil
    planner.start_early(keeper, of, false)
  else
    planner.consider(keeper, of)
  end
end

local function settle_tenant(keeper, of)
  if of.refused_token then
    refresh_parent(keeper, of)
  end
  if identity.is_owed(of) then
    keeper:spawn(identity.settle, keeper, of)
  elseif is_hopeless(of) then
    keeper:spawn(roster.remove, keeper, of, is_hopeless)
  elseif strangers.is_hopeless(of) then
    keeper:spawn(strangers.retire, keeper, of)
  end
end

--- An attempt of an account has ended. Does not wait.
---@param keeper usher.Keeper
---@param of usher.keeper.Account
function tenants.settle(keeper, of)
  if of.parent and keeper:keeps(of) then
    settle_tenant(keeper, of)
  end
  for _, tenant in pairs(of.tenants) do
    if tenant.is_loaded then
      resume_attempt(keeper, tenant)
    end
  end
end

-- life ------------------------------------------------------------------------------------------------

-- In the tenant's turn. A reload may have removed the platform's account while that was awaited.
local function take_up(keeper, parent, tenant)
  if not keeper:keeps(parent) then
    return true
  end
  local of = roster.keep(keeper, parent, tenant)
  local was_loaded = of.is_loaded
  local ok, err = roster.load(keeper, of)
  if of.damage then
    return true
  elseif not ok then
    roster.retire(keeper, of)
    return nil, err
  elseif has_nothing(of) and not of.flight then
    return roster.erase(keeper, of.name)
  elseif not was_loaded then
    of:recall_failures(keeper:now())
    planner.consider(keeper, of)
  end
  return true
end

local function resume(keeper, parent, tenant)
  local name = derived.name(parent.name, tenant)
  local ok, err = roster.in_turn(keeper, name, take_up, keeper, parent, tenant)
  local of = parent.tenants[tenant]
  if of and identity.is_owed(of) then
    identity.settle(keeper, of)
  end
  return ok, err
end

local function has_platform(keeper)
  for _, of in pairs(keeper.accounts) do
    if of.provider.derive then
      return true
    end
  end
  return false
end

local function load(keeper)
  local names, err = keeper.store:names()
  keeper:note_store(err)
  for _, name in ipairs(names or {}) do
    local parent_name, tenant = derived.parts(name)
    local parent = parent_name and keeper.accounts[parent_name]
    if parent and parent.provider.derive then
      local ok
      ok, err = resume(keeper, parent, tenant)
      if not ok then
        return nil, err
      end
    end
  end
  return names and true, err
end

--- Takes up the tenants that accounts have on disk, those that are not yet. What the store does not give now comes when
--- it is back. Waits.
---@param keeper usher.Keeper
---@return true? ok
---@return usher.Error? err of the store
function tenants.load(keeper)
  if not has_platform(keeper) then
    return true
  end
  local ok, err = load(keeper)
  if not ok then
    keeper.log:error("tenants_not_loaded", { error = err.code })
  end
  return ok, err
end

-- The names of an account's tenants: those on disk, and those of which an answer may yet come there.
local function names_of(keeper, parent)
  local stored, err = keeper.store:names()
  keeper:note_store(err)
  local own = {}
  for _, names in ipairs { stored or {}, sorted.keys(keeper.accounts), sorted.keys(keeper.retiring) } do
    for _, name in ipairs(names) do
      own[name] = derived.parts(name) == parent.name or nil
    end
  end
  return stored and sorted.keys(own), err
end

--- Forgets all tenants of an account for good: it is another app's now. Waits.
---@param keeper usher.Keeper
---@param parent usher.keeper.Account
---@return true? ok
---@return usher.Error? err of the store
function tenants.disown(keeper, parent)
  local names, err = names_of(keeper, parent)
  for _, name in ipairs(names or {}) do
    local ok
    ok, err = roster.in_turn(keeper, name, roster.erase, keeper, name)
    if not ok then
      return nil, err
    end
  end
  return names and true, err
end

local function all(keeper)
  local list = {}
  for _, of in pairs(keeper.accounts) do
    table.insert(list, of.parent and of or nil)
  end
  return list
end

--- Has tenants follow what a reload made of their platforms' accounts. What they have on disk stays there.
---@param keeper usher.Keeper
function tenants.follow(keeper)
  for _, of in ipairs(all(keeper)) do
    local parent = of.parent
    if not keeper:keeps(parent) or not parent.provider.derive then
      roster.retire(keeper, of)
    else
      roster.adapt(of)
      records.renew(keeper, of)
      planner.consider(keeper, of)
    end
  end
end

return tenants
