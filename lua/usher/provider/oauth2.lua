-- SPDX-License-Identifier: MIT
-- OAuth 2.0 (RFC 6749), driven by data: the grants authorization_code with PKCE, client_credentials and device_code,
-- refresh with or without rotation, discovery and revocation. `service` names a provider that is known already.

local answers = require "usher.provider.oauth2.answers"
local client = require "usher.provider.oauth2.client"
local device = require "usher.provider.oauth2.device"
local keys = require "usher.provider.oauth2.keys"
local metadata = require "usher.provider.oauth2.metadata"
local redirect = require "usher.provider.oauth2.redirect"
local settings = require "usher.provider.oauth2.settings"

local oauth2 = {
  name = "oauth2",
  keys = keys.KEYS,
  subject_key = false,
  policy = {},
  check = keys.check,
  discover = metadata.request,
  read_discovery = metadata.read,
  request_key = redirect.state,
  classify = answers.classify,
  poll = device.poll,
}

local CLIENT_CREDENTIALS = "client_credentials"

-- A callback is known by the `state` of an authorization alone.
function oauth2.account_key()
  return false
end

function oauth2.own_credential(config)
  return config.grant == CLIENT_CREDENTIALS and CLIENT_CREDENTIALS or nil
end

function oauth2.authorize(config, context)
  if config.grant == "device_code" then
    return device.begin(config, context)
  end
  return redirect.begin(config, context)
end

function oauth2.read_callback(request, _, context)
  return redirect.read(request, context.pending)
end

function oauth2.exchange(config, credential, context)
  local fields
  if config.grant == CLIENT_CREDENTIALS then
    fields = { grant_type = settings.service(config).own_grant or CLIENT_CREDENTIALS, scope = config.scope }
  else
    fields = redirect.fields(credential)
  end
  local parameters = settings.parameters(config, fields, config.token_parameters)
  return client.post(config, context, "token_endpoint", parameters)
end

function oauth2.refresh(config, tokens, context)
  if not tokens.refresh_token then
    return nil
  end
  local fields = { grant_type = "refresh_token", refresh_token = tokens.refresh_token }
  return client.post(config, context, "token_endpoint", settings.parameters(config, fields))
end

function oauth2.read_tokens(response, config)
  return answers.read_tokens(response, config)
end

-- The refresh token first: what is left then dies by itself, and many providers cannot revoke it.
function oauth2.revoke(config, tokens, context)
  if not settings.endpoint(config, context.metadata, "revocation_endpoint") then
    return nil
  end
  local requests = {}
  for _, hint in ipairs { "refresh_token", "access_token" } do
    local fields = { token = tokens[hint], token_type_hint = hint }
    local request = fields.token and client.post(config, context, "revocation_endpoint", fields)
    if request then
      request.optional = #requests > 0
      table.insert(requests, request)
    end
  end
  return requests
end

return oauth2
