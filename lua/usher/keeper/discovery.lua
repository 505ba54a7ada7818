-- SPDX-License-Identifier: MIT
-- What a provider says of itself, such as the metadata of RFC 8414: asked before the first request that needs it, and
-- again once a day. Kept in memory.

local discovery = {}

local FRESH_SECONDS = 24 * 3600
local RETRY_SECONDS = 300
local MAX_PLACES = 4

local function failure_of(code, is_configuration)
  return {
    class = is_configuration and "configuration" or "retryable",
    error = code,
    is_certain = true,
    is_unsent = true,
  }
end

local function fail_script(keeper, account, message)
  keeper.log:error(
    "provider_script_failed",
    { account = account.name, kind = "discover", error = tostring(message) }
  )
  return nil, failure_of("script_failed", true)
end

-- The metadata; or a failure, and whether the provider has answered.
local function fetch(keeper, account, request)
  local response, err = keeper:consult(account, request)
  if not response then
    return nil, failure_of(err.code, err.code == "bad_url"), false
  end
  local ran, metadata, malformed = pcall(account.provider.read_discovery, response, account.config)
  if not ran then
    return fail_script(keeper, account, metadata)
  elseif not metadata then
    return nil, failure_of(malformed.code, malformed.code == "bad_configuration"), true
  end
  return metadata
end

-- The metadata at the first place that has some; neither it nor a failure: there is nothing to discover.
local function find(keeper, account)
  local failure
  for place = 1, MAX_PLACES do
    local ran, request = pcall(account.provider.discover, account.config, place)
    if not ran then
      return fail_script(keeper, account, request)
    elseif not request then
      break
    end
    local metadata, has_answered
    metadata, failure, has_answered = fetch(keeper, account, request)
    if metadata or not has_answered then
      return metadata, failure
    end
  end
  return nil, failure
end

local function is_fresh(account, now)
  return account.metadata_until ~= nil and now < account.metadata_until
end

--- Sees that the account's metadata is there, where its provider has some. What is known stays in use while it cannot
--- be read anew. Waits.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@return true? ok
---@return usher.keeper.Outcome? failure
function discovery.ensure(keeper, account)
  if not account.provider.discover or is_fresh(account, keeper.clock:boot()) then
    return true
  end
  local metadata, failure = find(keeper, account)
  if failure and not account.metadata then
    return nil, failure
  end
  account.metadata = metadata or account.metadata
  account.metadata_until = keeper.clock:boot() + (failure and RETRY_SECONDS or FRESH_SECONDS)
  return true
end

return discovery
