-- SPDX-License-Identifier: MIT
-- Of a tenant whose authorization named nobody: the answer to its code said who it is. Its tokens move to the tenant's
-- own record, and only then is the other removed: whatever happens in between, one of them has the tokens, and they are
-- moved again.

local derived = require "usher.keeper.derived"
local errors = require "usher.errors"
local planner = require "usher.keeper.planner"
local records = require "usher.keeper.records"
local roster = require "usher.keeper.roster"

local identity = {}

local MAX_TRIES = 10

--- Whether the account has tokens of a tenant that it is not named for.
---@param of usher.keeper.Account
---@return boolean
function identity.is_owed(of)
  return derived.is_unknown(of.tenant) and of.record.token_set ~= nil
end

local function authorized_at(tokens)
  return tokens.refresh_issued_at or tokens.issued_at
end

local function is_moved(tokens, stored)
  return (tokens.refresh_token or tokens.access_token) == (stored.refresh_token or stored.access_token)
end

-- What a tenant has of a later authorization stays, however new what it has derived from an earlier one.
local function is_wanted(tokens, stored)
  if not stored then
    return true
  elseif is_moved(tokens, stored) then
    return false
  end
  return stored.refresh_spent_at ~= nil or authorized_at(tokens) >= authorized_at(stored)
end

local function write(keeper, known, token_set)
  for _ = 1, MAX_TRIES do
    local record, err = keeper.store:load(known.name)
    if not record then
      return nil, err
    elseif not is_wanted(token_set, record.token_set) then
      return true
    end
    local change = {
      epoch = record.epoch,
      token_set = token_set,
      subject = known.tenant,
      now = math.floor(keeper.clock:wall()),
    }
    local version
    version, err = keeper.store:commit(known.name, change, record.version)
    if version or err.code ~= "conflict" then
      return version ~= nil, err
    end
  end
  return errors.fail "conflict"
end

-- In the turn of the tenant that is known now.
local function move(keeper, of)
  if not keeper:keeps(of) then
    return false
  end
  local known = roster.keep(keeper, of.parent, of.record.subject)
  local is_written, err = write(keeper, known, of.record.token_set)
  keeper:note_store(err)
  if not is_written or not records.reload(keeper, known) then
    return false
  end
  known.is_loaded = true
  planner.consider(keeper, known)
  known.waiters:wake()
  return true
end

local function tell_unknown(keeper, of)
  if not of.noted.tenant_unknown then
    of.noted.tenant_unknown = true
    keeper.log:error("tenant_unknown", { account = of.parent.name })
  end
end

--- Moves the tokens to whose they are. Where the store fails they stay where they are. Waits.
---@param keeper usher.Keeper
---@param of usher.keeper.Account
function identity.settle(keeper, of)
  local subject = of.record.subject
  if not derived.is_name(subject) then
    tell_unknown(keeper, of)
  elseif roster.in_turn(keeper, derived.name(of.parent.name, subject), move, keeper, of) then
    roster.remove(keeper, of, identity.is_owed)
  end
end

return identity
