-- SPDX-License-Identifier: MIT
-- Puts token sets on disk: nothing that was received is thrown away.

local errors = require "usher.errors"
local records = require "usher.store.records"

local commit = {}

local MAX_CONFLICTS = 5
local REFRESH_FIELDS = { "refresh_token", "refresh_issued_at", "refresh_expires_at", "refresh_spent_at" }

local function holds(record, tokens)
  return record.token_set ~= nil and record.token_set.access_token == tokens.access_token
    or record.alternate ~= nil and record.alternate.access_token == tokens.access_token
end

local function try(keeper, account, change, base)
  local stamped = records.with(change, { epoch = base.epoch, now = math.floor(keeper.clock:wall()) })
  local version, err = keeper.store:commit(account.name, stamped, base.version)
  keeper:note_store(err)
  return version, err
end

-- The stored set stays first, since its refresh token may be the newer one of a rotating provider; ours becomes the
-- alternate, for when the first is refused.
local function beside(stored, change)
  if not stored.token_set then
    return change
  end
  return records.with(
    change,
    { token_set = stored.token_set, alternate = change.token_set, subject = stored.subject }
  )
end

local function with_unspent_refresh(tokens)
  return tokens and tokens.refresh_token and not tokens.refresh_spent_at and tokens or nil
end

-- A token set that came without a refresh token does not take the one that is there, since another person may have
-- authorized. It does not take its place either.
local function keeping_refresh(change, base)
  local kept = not change.token_set.refresh_token
    and (with_unspent_refresh(base.token_set) or with_unspent_refresh(base.alternate))
  return kept and records.with(change, { alternate = kept }) or change
end

--- Writes a token set. Waits.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param change {token_set: usher.TokenSet, subject: string?, fence: integer?, spent_sequence: integer?}
---@param base usher.store.Record what the token set was obtained from
---@return integer? version
---@return usher.Error? err conflict: the account was removed or given another subject meanwhile; else of the store
function commit.write(keeper, account, change, base)
  local attempted = keeping_refresh(change, base)
  for _ = 1, MAX_CONFLICTS do
    local version, err = try(keeper, account, attempted, base)
    if version or err.code ~= "conflict" then
      return version, err
    end
    local stored, load_err = keeper.store:load(account.name)
    keeper:note_store(load_err)
    if not stored or stored.epoch ~= base.epoch then
      return nil, load_err or err
    elseif stored.version > base.version and holds(stored, change.token_set) then
      return stored.version
    end
    base, attempted = stored, beside(stored, change)
  end
  return errors.fail "conflict"
end

-- The token set without its present refresh token: the alternate's takes its place where there is one.
local function retired(record, wall)
  local alternate, changes = record.alternate or {}, { refresh_spent_at = math.floor(wall) }
  local tokens = records.with(record.token_set, changes)
  if alternate.refresh_token and alternate.refresh_token ~= tokens.refresh_token then
    for _, name in ipairs(REFRESH_FIELDS) do
      tokens[name] = alternate[name]
    end
  end
  return tokens
end

--- Gives up the present refresh token, which was refused or must not be sent again. The access token stays, and is
--- served as before. Waits.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param fence? integer of the attempt that ends with it
---@return true? ok nil: known to this process only
---@return usher.Error? err
function commit.retire_refresh(keeper, account, fence)
  local record = account.record
  local tokens = retired(record, keeper.clock:wall())
  local change = { token_set = tokens, subject = record.subject, fence = fence }
  local version, err = try(keeper, account, change, record)
  if not version and account.record == record then
    record.token_set.refresh_spent_at = tokens.refresh_spent_at or math.floor(keeper.clock:wall())
  end
  return version and true, err
end

return commit
