-- SPDX-License-Identifier: MIT
-- Which accounts are kept: those of the start, and what a reload makes of them. An account that stays keeps its live
-- value, and with it its waiters and the attempt under way.

local account = require "usher.keeper.account"
local authorization = require "usher.keeper.authorization"
local core = require "usher.core"
local errors = require "usher.errors"
local planner = require "usher.keeper.planner"
local records = require "usher.keeper.records"
local retirement = require "usher.keeper.retirement"
local sorted = require "usher.config.sorted"
local tenants = require "usher.keeper.tenants"

local membership = {}

-- A token set of another subject is not this account's: the configuration has changed hands. Its own record goes last:
-- by that the next start knows what is left to do.
local function check_subject(keeper, of, pinned)
  local stored = of.record.subject
  if not pinned or not stored or stored == pinned then
    return true
  end
  keeper.log:warn("subject_changed", { account = of.name })
  local ok, err = tenants.disown(keeper, of)
  if ok then
    ok, err = keeper.store:remove(of.name)
  end
  if not ok then
    return nil, err
  end
  return records.reload(keeper, of)
end

-- An account of the start, or one that a reload brings. One whose record is damaged takes no other down.
local function load(keeper, of)
  local ok, err = records.reload(keeper, of)
  if of.damage then
    return true
  end
  of:recall_failures(keeper:now())
  if ok and of.record.journal then
    keeper.log:warn("outcome_unknown", { account = of.name, kind = of.record.journal.kind })
  end
  return ok, err
end

-- changes ---------------------------------------------------------------------------------------------

local function is_same(a, b)
  if type(a) == "userdata" and type(b) == "userdata" then
    return core.secret.equal(a, b)
  elseif type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not is_same(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

local SETTINGS = { "config", "policy", "pinned", "is_disabled", "own_credential", "needs_person" }

local function has_changed(of, fresh)
  for _, name in ipairs(SETTINGS) do
    if not is_same(of[name], fresh[name]) then
      return true
    end
  end
  return of.provider ~= fresh.provider
end

-- What an operator changed may mend what was wrong: nobody waits for the end of a backoff.
local function change(keeper, of, fresh)
  of.provider = fresh.provider
  for _, name in ipairs(SETTINGS) do
    of[name] = fresh[name]
  end
  of.backoff_until, of.metadata, of.metadata_until = nil, nil, nil
  authorization.cancel(keeper, of)
  records.renew(keeper, of)
  planner.consider(keeper, of)
  of.waiters:wake()
end

-- All that may fail. Records are removed last, when every other one could be read.
local function prepare(keeper, fresh, current)
  for _, name in ipairs(sorted.keys(fresh)) do
    local ok, err = true, nil
    if not current[name] then
      ok, err = load(keeper, fresh[name])
    end
    if not ok then
      return nil, err
    end
  end
  for name, of in pairs(fresh) do
    local ok, err = check_subject(keeper, current[name] or of, of.pinned)
    if not ok then
      return nil, err
    end
  end
  return true
end

--- Reads the records of all accounts and plans what they need. Waits.
---@param keeper usher.Keeper
---@return true? ok
---@return usher.Error? err of the store
function membership.start(keeper)
  local ok, err = prepare(keeper, keeper.accounts, {})
  if not ok then
    return nil, err
  end
  for _, of in pairs(keeper.accounts) do
    planner.consider(keeper, of)
  end
  return tenants.load(keeper)
end

-- Those of an earlier reload that are wanted again, by name.
local function take_back(keeper, fresh)
  local back = {}
  for name in pairs(fresh) do
    back[name] = retirement.take_back(keeper, name)
  end
  return back
end

local function undo(keeper, fresh, back)
  for name, of in pairs(fresh) do
    if not keeper.accounts[name] then
      records.forget(keeper, of)
    end
  end
  for _, of in pairs(back) do
    retirement.begin(keeper, of)
  end
end

local function switch(keeper, fresh)
  for name, of in pairs(keeper.accounts) do
    if not fresh[name] and not of.parent then
      retirement.begin(keeper, of)
    end
  end
  for name, of in pairs(fresh) do
    local current = keeper.accounts[name]
    if not current then
      keeper.accounts[name] = of
      planner.consider(keeper, of)
    elseif has_changed(current, of) then
      change(keeper, current, of)
    else
      planner.consider(keeper, current)
    end
  end
end

--- Has the keeper keep these accounts from now on, and no others. What accounts have on disk stays there. Waits.
---@param keeper usher.Keeper
---@param accounts table<string, usher.Account>
---@return true? ok
---@return usher.Error? err of the store; everything is as it was
function membership.apply(keeper, accounts)
  local fresh, boot = {}, keeper.clock:boot()
  for name, settings in pairs(accounts) do
    fresh[name] = account.new(name, settings, boot)
  end
  local back = take_back(keeper, fresh)
  local ok, err = prepare(keeper, fresh, keeper.accounts)
  if ok and keeper.is_stopped then
    ok, err = errors.fail "cancelled"
  end
  if not ok then
    undo(keeper, fresh, back)
    return nil, err
  end
  switch(keeper, fresh)
  tenants.follow(keeper)
  tenants.load(keeper)
  return true
end

return membership
