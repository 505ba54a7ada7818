-- SPDX-License-Identifier: MIT
-- What an account's keys, its service and the provider's metadata come to. Pure.

local services = require "usher.provider.oauth2.services"

local settings = {}

local NONE = {}

--- What is known of the account's service; empty where it names none.
---@param config table
---@return usher.oauth2.Service
function settings.service(config)
  return services[config.service] or NONE
end

--- One of the provider's endpoints: the operator's word, then the service's, then the metadata's.
---@param config table
---@param metadata? table
---@param name string "token_endpoint"
---@return string? url
function settings.endpoint(config, metadata, name)
  local service = settings.service(config)
  local path = service[name]
  if path and path:sub(1, 1) == "/" then
    path = (config.base_url or service.base_url):gsub("/+$", "") .. path
  end
  return config[name] or path or (metadata or NONE)[name]
end

local NEEDED = {
  authorization_code = { "token_endpoint", "authorization_endpoint" },
  client_credentials = { "token_endpoint" },
  device_code = { "token_endpoint", "device_authorization_endpoint" },
}

--- The endpoints that the account's grant needs.
---@param config table
---@return string[]
function settings.needed(config)
  return NEEDED[config.grant or "authorization_code"]
end

--- The provider's issuer identifier, where it is known.
---@param config table
---@return string?
function settings.issuer(config)
  return config.issuer or settings.service(config).issuer
end

--- The parameters of a request: those of the account that it always has, and `fields`.
---@param config table
---@param fields table<string, string>
---@param further? table<string, string>
---@return table<string, string|string[]>
function settings.parameters(config, fields, further)
  local parameters = {}
  for _, source in ipairs { further or NONE, fields } do
    for name, value in pairs(source) do
      parameters[name] = value
    end
  end
  if config.resource then
    parameters.resource = {}
    for resource in config.resource:gmatch "%S+" do
      table.insert(parameters.resource, resource)
    end
  end
  return parameters
end

return settings
