-- SPDX-License-Identifier: MIT
-- The keys of an account of OAuth 2.0, and which of them must come together.

local core = require "usher.core"
local services = require "usher.provider.oauth2.services"
local settings = require "usher.provider.oauth2.settings"
local sorted = require "usher.config.sorted"
local values = require "usher.config.values"

local keys = {}

--- What an account of `usher.provider.oauth2` takes besides what every account does.
---@type table<string, usher.config.Key>
keys.KEYS = {
  service = {
    value = values.one_of(sorted.keys(services)),
    what = "a well-known provider, whose endpoints and oddities are known",
    example = "gitlab",
  },
  grant = {
    value = values.one_of { "authorization_code", "client_credentials", "device_code" },
    default_text = "authorization_code",
    what = "how tokens are obtained: a person is redirected to us, nobody is asked, or a person enters a code",
    example = "device_code",
  },
  client_id = {
    value = values.text,
    required = true,
    default_text = "required",
    what = "our application, as registered with the provider",
    example = "usher-1",
  },
  client_secret = {
    value = values.text,
    secret = true,
    what = "the application's secret",
    example = "0123456789abcdef",
  },
  client_auth = {
    value = values.one_of { "none", "client_secret_basic", "client_secret_post", "private_key_jwt" },
    default_text = "by what is given: a private key, a secret (as the provider wants it), or none",
    what = "how the application proves itself to the provider",
    example = "client_secret_post",
  },
  private_key = {
    value = values.pem,
    secret = true,
    what = "the application's private key in PEM, for private_key_jwt",
    example = 'usher.secret.file "/etc/usher/client.pem"',
  },
  key_id = {
    value = values.printable,
    what = "the name of that key at the provider",
    example = "key-1",
  },
  signing_algorithm = {
    value = values.one_of { "ES256", "RS256" },
    default_text = "ES256",
    what = "the algorithm of that key: P-256, or RSA of at least 2048 bits",
    example = "RS256",
  },
  issuer = {
    value = values.base_url,
    default_text = "the service's",
    what = "the provider's issuer identifier: its metadata says where the endpoints are",
    example = "https://login.example.com",
  },
  authorization_endpoint = {
    value = values.endpoint,
    default_text = "the service's, or as the metadata says",
    what = "where a person decides",
    example = "https://login.example.com/authorize",
  },
  token_endpoint = {
    value = values.endpoint,
    default_text = "the service's, or as the metadata says",
    what = "where tokens are issued",
    example = "https://login.example.com/token",
  },
  device_authorization_endpoint = {
    value = values.endpoint,
    default_text = "the service's, or as the metadata says",
    what = "where the device grant begins",
    example = "https://login.example.com/device",
  },
  revocation_endpoint = {
    value = values.endpoint,
    default_text = "the service's, or as the metadata says",
    what = "where tokens are revoked",
    example = "https://login.example.com/revoke",
  },
  redirect_uri = {
    value = values.endpoint,
    default_text = "the callback listener's own address, where that is a loopback one",
    what = "where the provider sends the person back to, as registered: it must lead to callback_path",
    example = "https://usher.example.com/callback",
  },
  scope = {
    value = values.text,
    default_text = "the provider's",
    what = "what is asked for, separated by spaces",
    example = "read write",
  },
  resource = {
    value = values.text,
    default_text = "the provider's",
    what = "the APIs that tokens are for (RFC 8707), separated by spaces",
    example = "https://api.example.com",
  },
  parameters = {
    value = values.texts,
    default_text = "the service's",
    what = "further parameters of authorization requests",
    example = '{ prompt = "consent" }',
  },
  token_parameters = {
    value = values.texts,
    is_hidden = true,
    what = "further parameters of the requests that obtain a first token",
    example = '{ audience = "https://api.example.com" }',
  },
}

local function source_of(config, endpoint)
  return config[endpoint] or config.issuer or (services[config.service] or {})[endpoint]
end

local function missing_endpoint(config)
  for _, endpoint in ipairs(settings.needed(config)) do
    if not source_of(config, endpoint) then
      return endpoint, "is required, or issuer, or a service that has it"
    end
  end
end

local function signs(config)
  return core.signature.sign(config.signing_algorithm or "ES256", config.private_key, "") ~= nil
end

local PROOFS = {
  client_secret_basic = "client_secret",
  client_secret_post = "client_secret",
  private_key_jwt = "private_key",
}

--- A key and what is wrong with it, where keys that are right each by itself do not fit together.
---@param config table
---@return string? key
---@return string? phrase
function keys.check(config)
  local proof = PROOFS[config.client_auth]
  if proof and not config[proof] then
    return proof, "is required for " .. config.client_auth
  elseif config.private_key and not signs(config) then
    return "private_key", "is no key for " .. (config.signing_algorithm or "ES256")
  elseif config.grant == "client_credentials" and not (config.client_secret or config.private_key) then
    return "client_secret", "or private_key is required: the client's own credentials are all there is"
  end
  return missing_endpoint(config)
end

return keys
