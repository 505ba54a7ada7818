-- SPDX-License-Identifier: MIT
-- Has a provider revoke an account's tokens (RFC 7009) and then forgets them. What could not be revoked is kept: it can
-- be tried again.

local discovery = require "usher.keeper.discovery"
local errors = require "usher.errors"
local outcome = require "usher.keeper.outcome"
local records = require "usher.keeper.records"
local saver = require "usher.keeper.saver"

local revocation = {}

local function fail(keeper, account, result)
  keeper.log:warn("revocation_failed", { account = account.name, class = result.class, error = result.error })
  local code = result.class == "configuration" and "bad_configuration" or "temporarily_unavailable"
  return errors.fail(code, ("the provider did not revoke: %s"):format(result.error))
end

-- The requests for every token that is kept, be it not on disk yet; nil: the provider has no way.
local function requests_of(keeper, account)
  local requests, record = {}, account.record
  local unsaved = account.unsaved and account.unsaved.change.token_set
  for _, tokens in pairs { record.token_set, record.alternate, unsaved ~= record.token_set and unsaved or nil } do
    local list = account.provider.revoke(account.config, tokens, account:context(keeper))
    if not list then
      return nil
    end
    table.move(list, 1, #list, #requests + 1, requests)
  end
  return requests
end

local function perform(keeper, account, request)
  local response, err = keeper:consult(account, request)
  return outcome.of(account, "revoke", response, err, keeper.clock:wall())
end

-- Nobody can mend that a provider does not revoke this kind of token (RFC 7009, 2.2.1: unsupported_token_type).
local function is_settled(request, result)
  return result.class == "ok" or request.optional and result.class == "configuration"
end

local function forget(keeper, account)
  local removed, err = keeper.store:remove(account.name)
  keeper:note_store(err)
  if not removed then
    return nil, err
  end
  saver.forget(keeper, account)
  account:clear_failures()
  keeper.log:info("revoked", { account = account.name })
  return records.reload(keeper, account)
end

--- Revokes and forgets. Waits.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@return true? ok
---@return usher.Error? err not_implemented, bad_configuration, temporarily_unavailable, or of the store
function revocation.run(keeper, account)
  local known, unknown = discovery.ensure(keeper, account)
  if not known then
    return fail(keeper, account, unknown)
  end
  local requests = requests_of(keeper, account)
  if not requests then
    return errors.fail("not_implemented", "the provider names no way to revoke")
  end
  for _, request in ipairs(requests) do
    local result = perform(keeper, account, request)
    if not is_settled(request, result) then
      return fail(keeper, account, result)
    end
  end
  return forget(keeper, account)
end

return revocation
