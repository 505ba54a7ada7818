-- SPDX-License-Identifier: MIT
-- What a provider of OAuth 2.0 answers: tokens (RFC 6749, 5.1) and errors (5.2; RFC 8628, 3.5; RFC 7009, 2.2.1). Pure.

local errors = require "usher.errors"
local json_request = require "usher.model.json_request"
local lifetime = require "usher.model.lifetime"
local settings = require "usher.provider.oauth2.settings"

local answers = {}

--- What an error means; "grant": what this kind of request sent is not accepted.
---@type table<string, string>
answers.CLASSES = {
  invalid_grant = "grant",
  access_denied = "credential",
  expired_token = "credential",
  login_required = "grant",
  interaction_required = "grant",
  consent_required = "grant",
  invalid_client = "configuration",
  unauthorized_client = "configuration",
  unsupported_grant_type = "configuration",
  unsupported_token_type = "configuration",
  invalid_scope = "configuration",
  invalid_request = "configuration",
  invalid_target = "configuration",
  authorization_pending = "pending",
  slow_down = "slow_down",
}

local GRANTS = { exchange = "credential", poll = "credential", refresh = "refresh_token" }

local function shown(code)
  return type(code) == "string" and code:match "^[%w_.-]+$" and code:sub(1, 64) or nil
end

local function class_of_error(code, kind, config)
  local own = settings.service(config).errors or {}
  local class = own[code] or answers.CLASSES[code] or "retryable"
  if class == "grant" then
    class = GRANTS[kind] or "retryable"
  end
  return class, shown(code)
end

-- Answers of the infrastructure, whose words are not the provider's: retried. Some providers send errors with 200.
local function is_the_providers(response)
  return response.status == 200 or response.status >= 400 and response.status < 500
end

--- What an answer means; see `interface.CLASSES`.
---@param response usher.core.transfer.Response
---@param kind "exchange"|"refresh"|"poll"|"revoke"
---@param config table
---@return string class
---@return string? code
function answers.classify(response, kind, config)
  local body = json_request.object(response.body)
  if response.status == 429 then
    return "budget"
  elseif body and body.error and is_the_providers(response) then
    return class_of_error(body.error, kind, config)
  elseif response.status == 200 and (kind == "revoke" or body and body.access_token) then
    return "ok"
  end
  return "retryable"
end

local function given(value)
  return type(value) == "string" and value ~= "" and value or nil
end

--- The tokens of an answer.
---@param response usher.core.transfer.Response
---@param config table
---@return usher.Answer? answer
---@return usher.Error? err bad_response
function answers.read_tokens(response, config)
  local body, service = json_request.object(response.body), settings.service(config)
  if not body or not given(body.access_token) then
    return errors.fail("bad_response", "an answer without a token")
  end
  local refresh_life = body.refresh_token_expires_in or body.refresh_expires_in
  local lifetimes, err = lifetime.read_pair(body.expires_in, refresh_life, config.expires_unit or "s")
  if not lifetimes then
    return nil, err
  end
  return {
    access_token = body.access_token,
    token_type = service.token_type or given(body.token_type),
    expires_in = lifetimes.access or service.life,
    refresh_token = given(body.refresh_token),
    refresh_expires_in = lifetimes.refresh,
    notes = lifetimes.notes,
  }
end

--- Why a person cannot be asked, where an answer is not what it should be.
---@param response usher.core.transfer.Response
---@param config table
---@return nil
---@return usher.Error err bad_configuration, temporarily_unavailable
function answers.fail(response, config)
  local class, code = answers.classify(response, "exchange", config)
  local message = "the provider answered " .. (code or ("with status %d"):format(response.status))
  local is_retryable = class == "retryable" or class == "budget"
  return errors.fail(is_retryable and "temporarily_unavailable" or "bad_configuration", message)
end

return answers
