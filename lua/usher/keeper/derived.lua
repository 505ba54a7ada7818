-- SPDX-License-Identifier: MIT
-- A tenant as the keeper keeps it: an account of its own, whose provider script is its platform's `derive` in the shape
-- of every other, and whose requests are made with what the platform's account holds. Pure.

local core = require "usher.core"

local derived = {}

local SEPARATOR = "/" -- in no account's name
local UNKNOWN = "?" -- in no tenant's name
local LONGEST = 128
local DIGITS = 32

-- What a platform's policy says of its tenants too.
local POLICY = { "margin", "rotates", "retry_uncertain", "repeats_token", "lifetimes" }

local scripts = setmetatable({}, { __mode = "k" })

local function new_script(platform)
  local script = { name = platform.name, policy = {} }

  function script.own_credential(config)
    return platform.derives_by_name and config.tenant or nil
  end

  function script.exchange(config, credential, context)
    local tenant = { name = config.tenant }
    tenant.credential = not platform.derives_by_name and credential or nil
    return platform.derive(config, tenant, context)
  end

  function script.refresh(config, tokens, context)
    -- Of a tenant that nobody knows yet the tokens are to be moved, not used.
    if not platform.derives_by_name and tokens.refresh_token and config.tenant then
      local tenant = { name = config.tenant, refresh_token = tokens.refresh_token }
      return platform.derive(config, tenant, context)
    end
  end

  function script.read_tokens(response, config)
    return platform.read_tokens(response, config, "derive")
  end

  function script.classify(response, _, config)
    return platform.classify(response, "derive", config)
  end

  return script
end

--- The script of a platform's tenants, always the same one.
---@param platform usher.Provider
---@return usher.Provider
function derived.script(platform)
  scripts[platform] = scripts[platform] or new_script(platform)
  return scripts[platform]
end

--- Whether a tenant can have this name.
---@param name any
---@return boolean
function derived.is_name(name)
  return type(name) == "string" and #name <= LONGEST and name:find "^[%w._@-]+$" ~= nil
end

--- The name of the tenant's account.
---@param account string the platform's
---@param tenant string
---@return string
function derived.name(account, tenant)
  return account .. SEPARATOR .. tenant
end

--- A name for whoever has authorized under this code, while nobody knows who that is.
---@param code string
---@return string
function derived.unknown(code)
  return UNKNOWN .. core.encoding.hex_encode(core.digest.sha256(code)):sub(1, DIGITS)
end

--- Whether it is such a name.
---@param tenant string
---@return boolean
function derived.is_unknown(tenant)
  return tenant:sub(1, #UNKNOWN) == UNKNOWN
end

--- The platform's account and the tenant that a record is of; nil: it is an account's own.
---@param name string
---@return string? account
---@return string? tenant
function derived.parts(name)
  return name:match("^([^/]+)" .. SEPARATOR .. "(.+)$")
end

--- What a tenant's account is made of.
---@param parent usher.keeper.Account
---@param tenant string
---@return {provider: usher.Provider, config: table, policy: usher.Policy, disabled: boolean}
function derived.settings(parent, tenant)
  local config, policy = {}, {}
  for key, value in pairs(parent.config) do
    config[key] = value
  end
  for _, key in ipairs(POLICY) do
    policy[key] = parent.policy[key]
  end
  config.tenant = not derived.is_unknown(tenant) and tenant or nil
  return {
    provider = derived.script(parent.provider),
    config = config,
    policy = policy,
    disabled = parent.is_disabled,
  }
end

return derived
