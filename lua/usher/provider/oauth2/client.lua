-- SPDX-License-Identifier: MIT
-- Requests of our client to the provider's endpoints, with what proves that it is ours (RFC 6749, 2.3). Pure.

local assertion = require "usher.provider.oauth2.assertion"
local core = require "usher.core"
local form = require "usher.model.form"
local settings = require "usher.provider.oauth2.settings"

local client = {}

local function text_of(secret)
  return type(secret) == "userdata" and secret:reveal() or secret
end

-- Form-encoded first, since either may hold a colon.
local function basic(config)
  local encode = core.encoding.percent_encode
  local pair = encode(config.client_id) .. ":" .. encode(text_of(config.client_secret))
  return "Basic " .. core.encoding.base64_encode(pair)
end

-- Each adds what it needs to the fields of the body, and gives the value of Authorization.
local methods = {}

function methods.none(config, fields)
  fields.client_id = config.client_id
end

function methods.client_secret_basic(config)
  return basic(config)
end

function methods.client_secret_post(config, fields)
  fields.client_id, fields.client_secret = config.client_id, text_of(config.client_secret)
end

function methods.private_key_jwt(config, fields, context)
  local audience = settings.issuer(config) or settings.endpoint(config, context.metadata, "token_endpoint")
  fields.client_id = config.client_id
  fields.client_assertion_type = assertion.TYPE
  fields.client_assertion = assertion.new(config, audience, context)
end

local function is_among(list, wanted)
  for _, value in ipairs(type(list) == "table" and list or {}) do
    if value == wanted then
      return true
    end
  end
  return false
end

-- With a secret: as the service wants it, or else as the metadata says, where the default is Basic (RFC 8414, 2).
local function of_secret(config, metadata)
  local supported = metadata and metadata.token_endpoint_auth_methods_supported
  local takes_post = is_among(supported, "client_secret_post")
    and not is_among(supported, "client_secret_basic")
  return settings.service(config).client_auth or takes_post and "client_secret_post" or "client_secret_basic"
end

--- How the client proves itself.
---@param config table
---@param metadata? table
---@return "none"|"client_secret_basic"|"client_secret_post"|"private_key_jwt"
function client.method(config, metadata)
  if config.client_auth then
    return config.client_auth
  elseif config.private_key then
    return "private_key_jwt"
  end
  return config.client_secret and of_secret(config, metadata) or "none"
end

--- A request to one of the provider's endpoints.
---@param config table
---@param context usher.provider.Context
---@param endpoint string "token_endpoint"
---@param fields table<string, string|string[]> changed
---@return usher.core.transfer.Request
function client.post(config, context, endpoint, fields)
  local authorization = methods[client.method(config, context.metadata)](config, fields, context)
  return {
    method = "POST",
    url = settings.endpoint(config, context.metadata, endpoint),
    headers = {
      ["Content-Type"] = form.CONTENT_TYPE,
      Accept = "application/json",
      Authorization = authorization,
    },
    body = form.encode(fields),
  }
end

return client
