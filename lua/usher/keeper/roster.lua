-- SPDX-License-Identifier: MIT
-- The live accounts of platforms' tenants: made, read from the store, and forgotten. Whoever makes one for good or
-- forgets it has its turn, so that what comes for a tenant that is being forgotten finds it gone.

local account = require "usher.keeper.account"
local core = require "usher.core"
local derived = require "usher.keeper.derived"
local records = require "usher.keeper.records"
local retirement = require "usher.keeper.retirement"

local roster = {}

--- Calls `fn(...)` in the tenant's turn, which is not to be asked for in there again. Waits.
---@param keeper usher.Keeper
---@param name string of the tenant's account
---@param fn function
---@return any ... what `fn` gives
function roster.in_turn(keeper, name, fn, ...)
  local place <close> = keeper.tenant_turns:enter(name)
  place:await()
  return fn(...)
end

--- Has a tenant follow the settings of its platform's account, which may be another one since.
---@param of usher.keeper.Account
function roster.adapt(of)
  local settings = derived.settings(of.parent, of.tenant)
  of.provider, of.config, of.policy = settings.provider, settings.config, settings.policy
  of.is_disabled = settings.disabled
end

-- One that retires may have been changed on disk since it was read.
local function take_back(keeper, name)
  local of = retirement.take_back(keeper, name)
  if of then
    of.loading, of.is_loaded = nil, nil
  end
  return of
end

--- The live account of a tenant, made where there is none yet. Nobody yields in here: there is never a second one.
---@param keeper usher.Keeper
---@param parent usher.keeper.Account
---@param tenant string
---@return usher.keeper.Account
function roster.keep(keeper, parent, tenant)
  local name = derived.name(parent.name, tenant)
  local of = keeper.accounts[name]
  if of then
    return of
  end
  of = take_back(keeper, name) or account.new(name, derived.settings(parent, tenant), keeper.clock:boot())
  of.parent, of.tenant = parent, tenant
  roster.adapt(of)
  keeper.accounts[name] = of
  parent.tenants[tenant] = of
  return of
end

local function read(keeper, of, loading)
  local ok, err = records.reload(keeper, of)
  -- Another reading has begun where the tenant came and went meanwhile.
  if of.loading == loading then
    of.is_loaded = ok == true
    of.loading = ok and loading or nil
  end
  loading:resolve(ok, err)
end

--- Reads the tenant's record, once: all who ask wait for the same reading, which ends though one of them does not wait
--- for its end. Waits.
---@param keeper usher.Keeper
---@param of usher.keeper.Account
---@return true? ok
---@return usher.Error? err of the store
function roster.load(keeper, of)
  local loading = of.loading
  if not loading then
    loading = core.future.new()
    of.loading = loading
    keeper:spawn(read, keeper, of, loading)
  end
  return loading:wait()
end

--- Keeps the tenant no longer, but sees out what it has begun. What it has on disk stays there.
---@param keeper usher.Keeper
---@param of usher.keeper.Account
function roster.retire(keeper, of)
  if not keeper:keeps(of) then
    return
  end
  of.parent.tenants[of.tenant] = nil
  retirement.begin(keeper, of)
end

--- Keeps the tenant no longer: there is nothing of it on disk, or nothing that could be read.
---@param keeper usher.Keeper
---@param of usher.keeper.Account
function roster.drop(keeper, of)
  keeper.accounts[of.name] = nil
  of.parent.tenants[of.tenant] = nil
  keeper.scheduler:set(of.name, nil)
  records.forget(keeper, of)
  of.waiters:wake()
end

--- Forgets a tenant for good, in its turn, whether it is kept or not. An answer that is still on its way finds another
--- epoch, and is dropped. Waits.
---@param keeper usher.Keeper
---@param name string of the tenant's account
---@return true? ok
---@return usher.Error? err of the store
function roster.erase(keeper, name)
  local ok, err = keeper.store:remove(name)
  keeper:note_store(err)
  local of = keeper.accounts[name]
  if ok and of then
    roster.drop(keeper, of)
  end
  return ok, err
end

--- Takes the tenant's turn and forgets it for good, unless something has come for it meanwhile. Waits.
---@param keeper usher.Keeper
---@param of usher.keeper.Account
---@param is_due fun(of: usher.keeper.Account): boolean
---@return true? ok
---@return usher.Error? err of the store
function roster.remove(keeper, of, is_due)
  return roster.in_turn(keeper, of.name, function()
    if not keeper:keeps(of) or not is_due(of) then
      return true
    end
    return roster.erase(keeper, of.name)
  end)
end

return roster
