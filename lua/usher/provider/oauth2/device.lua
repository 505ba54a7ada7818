-- SPDX-License-Identifier: MIT
-- The device authorization grant (RFC 8628): a person enters a code at the provider's page while we poll. Pure.

local answers = require "usher.provider.oauth2.answers"
local client = require "usher.provider.oauth2.client"
local errors = require "usher.errors"
local json_request = require "usher.model.json_request"
local settings = require "usher.provider.oauth2.settings"

local device = {}

local GRANT = "urn:ietf:params:oauth:grant-type:device_code"
local DEFAULT_INTERVAL = 5
local LONGEST_INTERVAL = 1800 -- nobody is waited for any longer

local function is_text(value)
  return type(value) == "string" and value ~= "" and not value:find "%c"
end

local function is_page(value)
  return is_text(value) and value:find "^https?://[%w%[]" ~= nil
end

local function number_in(value, low, high, default)
  return type(value) == "number" and math.max(low, math.min(high, value)) or default
end

local function read(response, config)
  local body = response.status == 200 and json_request.object(response.body)
  local page = body and (body.verification_uri or body.verification_url)
  if not body or not (is_page(page) and is_text(body.user_code) and is_text(body.device_code)) then
    return answers.fail(response, config)
  end
  return {
    url = page,
    user_code = body.user_code,
    expires_in = number_in(body.expires_in, 1, math.huge, nil),
    interval = number_in(body.interval, 1, LONGEST_INTERVAL, DEFAULT_INTERVAL),
    pending = { device_code = body.device_code },
  }
end

--- The authorization of a person by a code: a request first, then what its answer says.
---@param config table
---@param context usher.provider.Context
---@return usher.provider.Authorization? authorization
---@return usher.Error? err
function device.begin(config, context)
  if context.response then
    return read(context.response, config)
  elseif not settings.endpoint(config, context.metadata, "device_authorization_endpoint") then
    return errors.fail("bad_configuration", "the provider's metadata names no device_authorization_endpoint")
  end
  local fields = settings.parameters(config, { client_id = config.client_id, scope = config.scope })
  return { request = client.post(config, context, "device_authorization_endpoint", fields) }
end

--- Asks whether the person has decided.
---@param config table
---@param pending {device_code: string}
---@param context usher.provider.Context
---@return usher.core.transfer.Request
function device.poll(config, pending, context)
  local fields = { grant_type = GRANT, device_code = pending.device_code, client_id = config.client_id }
  return client.post(config, context, "token_endpoint", fields)
end

return device
