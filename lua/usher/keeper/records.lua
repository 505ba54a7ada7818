-- SPDX-License-Identifier: MIT
-- Reads accounts' records from the store, and keeps what is secret in them out of the log.

local records = {}

-- Every secret of a record, as a set.
local function secrets_of(record)
  local secrets = {}
  for _, tokens in pairs { record.token_set, record.alternate } do
    secrets[tokens.access_token] = true
    secrets[tokens.refresh_token or tokens.access_token] = true
  end
  for _, push in ipairs(record.pushes) do
    secrets[push.credential] = true
  end
  return secrets
end

-- Those of the new record are concealed before those of the old are released: what stays is never shown.
local function conceal(log, old, new)
  for secret in pairs(new) do
    log:conceal(secret)
  end
  for secret in pairs(old) do
    log:release(secret)
  end
end

local function can_refresh(keeper, account)
  local provider, context = account.provider, account:context(keeper)
  local ran, request = pcall(provider.refresh, account.config, account.record.token_set, context)
  if not ran then
    keeper.log:error("provider_script_failed", { account = account.name, error = tostring(request) })
  end
  return ran and request ~= nil
end

-- A token set that is served although the store could not take it is newer than what the store has.
local function with_unsaved(account, record)
  local unsaved = account.unsaved
  if unsaved and not unsaved.must_save and unsaved.base.version == record.version then
    record.token_set = unsaved.change.token_set
  end
  return record
end

local function expiry_of(record, timed)
  local is_timed = timed
    and record.token_set
    and record.token_set.access_token == timed.change.token_set.access_token
  return is_timed and timed.expires or nil
end

--- Makes a record the account's present one.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param record table
---@param timed? usher.keeper.Unsaved a token set whose request was timed
function records.adopt(keeper, account, record, timed)
  local old, old_tokens = secrets_of(account.record), account.record.token_set
  account:adopt(with_unsaved(account, record), keeper:now(), expiry_of(record, timed))
  if account.record == record then
    conceal(keeper.log, old, secrets_of(record))
  end
  if account.record.token_set ~= old_tokens then
    records.renew(keeper, account)
  end
end

--- Asks the provider script anew whether it would refresh the account's token set.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
function records.renew(keeper, account)
  account.has_refresh = account.record.token_set ~= nil and can_refresh(keeper, account)
end

-- A record that does not open is the account's own trouble; what this process knows of it stays.
local function note_damage(keeper, account, err)
  local damage = err and err.record and err.message or nil
  if damage and damage ~= account.damage then
    keeper.log:error("record_damaged", { account = account.name, record = err.record })
    account.last_error = { class = "store", code = err.code, at = math.floor(keeper.clock:wall()) }
  end
  account.damage = damage
end

--- Reads the account's record anew. Waits.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param timed? usher.keeper.Unsaved a token set whose request was timed
---@return true? ok
---@return usher.Error? err of the store; with `record`, of this account's record alone
function records.reload(keeper, account, timed)
  keeper.reads = keeper.reads + 1
  local read = keeper.reads
  local record, err = keeper.store:load(account.name)
  keeper:note_store(err)
  if record or err.record then
    note_damage(keeper, account, err)
  end
  account.is_stale = not record and not err.record
  if not record then
    return nil, err
  end
  -- Of two reads that overlapped, the one that began later is the newer.
  if read > account.last_read then
    account.last_read = read
    records.adopt(keeper, account, record, timed)
  end
  return true
end

--- Forgets the account's secrets, as when it is removed or the keeper stops.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
function records.forget(keeper, account)
  conceal(keeper.log, secrets_of(account.record), {})
end

return records
