-- SPDX-License-Identifier: MIT
-- What a provider says of itself, such as the metadata of RFC 8414: asked before the first request that needs it, and
-- again once a day. Kept in memory.

local discovery = {}

local TIMEOUT_MS = 10000
local FRESH_SECONDS = 24 * 3600
local RETRY_SECONDS = 300

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

local function fetch(keeper, account, request)
  request.timeout_ms, request.ca_file = TIMEOUT_MS, account.config.ca_file
  local response, err = keeper:perform(account, request)
  if not response then
    return nil, failure_of(err.code, err.code == "bad_url")
  end
  local ran, metadata, malformed = pcall(account.provider.read_discovery, response, account.config)
  if not ran then
    return fail_script(keeper, account, metadata)
  elseif not metadata then
    return nil, failure_of(malformed.code, malformed.code == "bad_configuration")
  end
  return metadata
end

local function is_fresh(account, now)
  return account.metadata ~= nil and now < account.metadata_until
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
  local ran, request = pcall(account.provider.discover, account.config)
  if not ran then
    return fail_script(keeper, account, request)
  elseif not request then
    return true
  end
  local metadata, failure = fetch(keeper, account, request)
  if not metadata and not account.metadata then
    return nil, failure
  end
  account.metadata = metadata or account.metadata
  account.metadata_until = keeper.clock:boot() + (metadata and FRESH_SECONDS or RETRY_SECONDS)
  return true
end

return discovery
