-- SPDX-License-Identifier: MIT
-- The provider's metadata: of OpenID Connect Discovery, or else of RFC 8414. Pure.

local errors = require "usher.errors"
local json_request = require "usher.model.json_request"
local settings = require "usher.provider.oauth2.settings"
local values = require "usher.config.values"

local metadata = {}

local ENDPOINTS =
  { "authorization_endpoint", "token_endpoint", "device_authorization_endpoint", "revocation_endpoint" }

-- OpenID Connect appends its path to the issuer's, RFC 8414 puts its own in front of it.
local PLACES = {
  function(issuer)
    return issuer:gsub("/$", "") .. "/.well-known/openid-configuration"
  end,
  function(issuer)
    local origin, path = issuer:match "^(%w+://[^/]+)(.*)$"
    return origin .. "/.well-known/oauth-authorization-server" .. path:gsub("/$", "")
  end,
}

local function is_needed(config)
  for _, endpoint in ipairs(config.issuer and settings.needed(config) or {}) do
    if not settings.endpoint(config, nil, endpoint) then
      return true
    end
  end
  return false
end

--- The request for the metadata; nil: it is not needed, or is at no further place.
---@param config table
---@param place integer from 1 on
---@return usher.core.transfer.Request?
function metadata.request(config, place)
  if not is_needed(config) or not PLACES[place] then
    return nil
  end
  return { method = "GET", url = PLACES[place](config.issuer), headers = { Accept = "application/json" } }
end

local function bad_endpoint(body)
  for _, name in ipairs(ENDPOINTS) do
    if body[name] ~= nil and not values.endpoint.check(body[name]) then
      return name
    end
  end
end

--- The metadata of an answer, which must be that of the issuer (RFC 8414, 3.3), with endpoints that can be trusted.
---@param response usher.core.transfer.Response
---@param config table
---@return table? metadata
---@return usher.Error? err bad_response; bad_configuration: of another issuer
function metadata.read(response, config)
  local body = response.status == 200 and json_request.object(response.body)
  if not body or type(body.issuer) ~= "string" then
    return errors.fail("bad_response", "no metadata")
  elseif body.issuer ~= config.issuer then
    return errors.fail("bad_configuration", "metadata of another issuer")
  elseif bad_endpoint(body) then
    return errors.fail("bad_response", bad_endpoint(body) .. " is not a usable URL")
  elseif not settings.endpoint(config, body, "token_endpoint") then
    return errors.fail("bad_response", "metadata without a token_endpoint")
  end
  return body
end

return metadata
