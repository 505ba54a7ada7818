-- SPDX-License-Identifier: MIT
-- Publishes token sets that were received: on disk first, except where a refresh left the refresh token as it was and
-- the store is down. What the store cannot take is kept until it can.

local commit = require "usher.keeper.commit"
local errors = require "usher.errors"
local events = require "usher.keeper.events"
local records = require "usher.keeper.records"
local token_set = require "usher.model.token_set"

local saver = {}

local LONGEST_RETRY = 60

---@class usher.keeper.Unsaved
---@field kind "exchange"|"refresh"
---@field change table for keeper/commit.lua
---@field base usher.store.Record
---@field expires number boot time of the access token's expiry
---@field must_save boolean its refresh token is new: nobody is served from it before it is durable
---@field retry_at? number boot time
---@field tries? integer

local function conceal(log, unsaved)
  local tokens = unsaved.change.token_set
  if not unsaved.is_concealed then
    unsaved.is_concealed = true
    log:conceal(tokens.access_token)
    log:conceal(tokens.refresh_token or tokens.access_token)
  end
end

-- Nothing is left to save: what the record holds is concealed as the record's own.
local function release(keeper, account, unsaved)
  local tokens = unsaved.change.token_set
  account.unsaved = nil
  keeper.log:release(tokens.access_token)
  keeper.log:release(tokens.refresh_token or tokens.access_token)
end

local function tell(keeper, account, unsaved)
  local tokens = unsaved.change.token_set
  events.emit(keeper, "token_refreshed", account, {
    kind = unsaved.kind,
    expires_at = tokens.expires_at,
    fingerprint = token_set.fingerprint(tokens.access_token),
  })
end

local function note_success(keeper, account, kind)
  local failures = account.failures
  account:clear_failures()
  account.closures[kind] = { count = 0 }
  if failures > 0 then
    events.emit(keeper, "recovered", account, { failures = failures })
  end
end

-- The store could not be read back: what was written is known all the same.
local function overlay(keeper, account, unsaved, version)
  local record = {}
  for name, value in pairs(account.record) do
    record[name] = value
  end
  record.token_set, record.version = unsaved.change.token_set, version
  record.subject = unsaved.change.subject
  records.adopt(keeper, account, record, unsaved)
end

local function publish(keeper, account, unsaved, version)
  local first_pin = not account:subject()
  account.unsaved = nil
  if not records.reload(keeper, account, unsaved) then
    overlay(keeper, account, unsaved, version)
  end
  release(keeper, account, unsaved)
  if first_pin and account:subject() then
    keeper.log:info("subject_pinned", { account = account.name, subject = account:subject() })
  end
  note_success(keeper, account, unsaved.kind)
  tell(keeper, account, unsaved)
  account.waiters:wake()
  return true
end

-- Served from memory; the retry puts it on disk.
local function serve_unsaved(keeper, account, unsaved)
  overlay(keeper, account, unsaved, account.record.version)
  if unsaved.tries == 1 then
    note_success(keeper, account, unsaved.kind)
    tell(keeper, account, unsaved)
  end
  account.waiters:wake()
  return true
end

local function drop(keeper, account, unsaved)
  release(keeper, account, unsaved)
  keeper.log:warn("answer_dropped", { account = account.name, reason = "the account changed meanwhile" })
  records.reload(keeper, account)
  return errors.fail("temporarily_unavailable", "the account changed meanwhile")
end

local function keep(keeper, account, unsaved, err)
  unsaved.tries = (unsaved.tries or 0) + 1
  unsaved.retry_at = keeper.clock:boot() + math.min(LONGEST_RETRY, 2 ^ math.min(unsaved.tries - 1, 6))
  if account.unsaved and account.unsaved ~= unsaved then
    release(keeper, account, account.unsaved)
  end
  account.unsaved = unsaved
  keeper.log:error("token_set_not_saved", { account = account.name, error = err.code, tries = unsaved.tries })
  if not unsaved.must_save then
    return serve_unsaved(keeper, account, unsaved)
  end
  return errors.fail("temporarily_unavailable", "the store is down")
end

--- Has nothing to save any more.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
function saver.forget(keeper, account)
  if account.unsaved then
    release(keeper, account, account.unsaved)
  end
end

--- Puts a token set on disk and then serves it. Waits.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param unsaved usher.keeper.Unsaved
---@return true? ok the token is served
---@return usher.Error? err
function saver.save(keeper, account, unsaved)
  conceal(keeper.log, unsaved)
  local version, err = commit.write(keeper, account, unsaved.change, unsaved.base)
  if version then
    return publish(keeper, account, unsaved, version)
  elseif err.code == "conflict" then
    return drop(keeper, account, unsaved)
  end
  return keep(keeper, account, unsaved, err)
end

return saver
