-- SPDX-License-Identifier: MIT
-- What a transfer came to, as one value: the only place that reads responses. Pure.

local interface = require "usher.provider.interface"
local retry_after = require "usher.keeper.retry_after"

local outcome = {}

-- Each kind of request can only tell of what it sent.
local OTHER_KIND = {
  exchange = { refresh_token = "credential", pending = "retryable", slow_down = "retryable" },
  refresh = { credential = "refresh_token", pending = "retryable", slow_down = "retryable" },
  poll = { refresh_token = "credential" },
  revoke = { pending = "retryable", slow_down = "retryable" },
}

---@class usher.keeper.Outcome
---@field class "ok"|"retryable"|"credential"|"refresh_token"|"budget"|"configuration"|"pending"|"slow_down"
---@field error? string what to show: the provider's code, `http_503`, or a code of `core.errors`
---@field is_certain boolean false: the provider may or may not have acted on the request
---@field is_unsent? boolean no byte of the request left
---@field retry_after? number seconds, as the response asks
---@field answer? usher.Answer where class is ok

local function of_failure(err)
  if err.sent == false then
    local class = err.code == "bad_url" and "configuration" or "retryable"
    return { class = class, error = err.code, is_certain = true, is_unsent = true }
  end
  return { class = "retryable", error = err.code, is_certain = false }
end

local function of_script_fault(message)
  return { class = "configuration", error = "script_failed", is_certain = false, fault = tostring(message) }
end

local function of_answer(account, kind, response)
  local ran, answer, err = pcall(account.provider.read_tokens, response, account.config, kind)
  if not ran then
    return of_script_fault(answer)
  elseif not answer then
    return { class = "retryable", error = err and err.code or "bad_response", is_certain = false }
  end
  return { class = "ok", is_certain = true, answer = answer }
end

-- A success that we cannot read: the provider may well have acted.
local function is_certain(response, class)
  return class ~= "retryable" or response.status < 200 or response.status > 299
end

--- Reads a response through the account's provider script.
---@param account {provider: usher.Provider, config: table}
---@param kind "exchange"|"refresh"|"poll"|"revoke"
---@param response usher.core.transfer.Response
---@param wall number seconds since 1970
---@return usher.keeper.Outcome
function outcome.of_response(account, kind, response, wall)
  local ran, class, code = pcall(account.provider.classify, response, kind, account.config)
  if not ran then
    return of_script_fault(class)
  elseif not interface.CLASSES[class] then
    return of_script_fault(("classify gave %s"):format(class))
  elseif class == "ok" and kind ~= "revoke" then
    return of_answer(account, kind, response)
  end
  if class == "parent" and not account.parent then
    class = "retryable"
  end
  class = OTHER_KIND[kind][class] or class
  return {
    class = class,
    error = code or ("http_%d"):format(response.status),
    is_certain = is_certain(response, class),
    retry_after = retry_after.read(response.headers, wall),
  }
end

--- What a transfer's two results came to.
---@param account {provider: usher.Provider, config: table}
---@param kind "exchange"|"refresh"|"poll"|"revoke"
---@param response? usher.core.transfer.Response
---@param err? usher.Error with `sent`
---@param wall number seconds since 1970
---@return usher.keeper.Outcome
function outcome.of(account, kind, response, err, wall)
  if response then
    return outcome.of_response(account, kind, response, wall)
  end
  return of_failure(err)
end

return outcome
