-- SPDX-License-Identifier: MIT
-- An account: a provider script, what the operator configured of it, and the policy that follows.

local access = require "usher.config.access"
local account_keys = require "usher.config.account_keys"
local deferred = require "usher.config.deferred"
local interface = require "usher.provider.interface"
local schema = require "usher.config.schema"
local source = require "usher.config.source"
local values = require "usher.config.values"

local account = {}

---@class usher.Account
---@field provider usher.Provider
---@field config table what the script's functions take
---@field policy usher.Policy the script's, with the operator's changes
---@field subject? string the pin: pushes for another are refused
---@field disabled? boolean nothing is asked of the provider, and nobody is served
---@field allow? {users: (string|integer)[]?, groups: (string|integer)[]?} who may ask for its token
---@field access? usher.config.Access the same by numbers, once resolved

-- `changes` over `defaults`, table members (budgets, lifetimes) member by member.
local function merged(defaults, changes)
  if type(defaults) ~= "table" or type(changes) ~= "table" then
    return changes
  end
  local result = {}
  for _, part in ipairs { defaults, changes } do
    for key, value in pairs(part) do
      local is_nested = type(value) == "table" and type(result[key]) == "table"
      result[key] = is_nested and merged(result[key], value) or value
    end
  end
  return result
end

--- Makes an account. Checks nothing but that there are options, opens and reads nothing, and keeps no reference to
--- `options`.
---@param script usher.Provider
---@param options table the script's configuration, and `policy`; `client_id`, or the script's `subject_key`, is the pin
---@return usher.Account
function account.new(script, options)
  if type(options) ~= "table" then
    error("an account is made from a table", 2)
  end
  local config = merged({}, options)
  config.policy, config.allow, config.disabled = nil, nil, nil
  local fields = type(script) == "table" and script or {}
  local subject_key = fields.subject_key == nil and "client_id" or fields.subject_key
  return {
    provider = script,
    config = config,
    policy = merged(fields.policy or {}, options.policy or {}),
    subject = subject_key and options[subject_key] or nil,
    disabled = options.disabled,
    allow = options.allow,
  }
end

-- The keys of every account, with what the script says of them and of its own.
local function shape_of(script)
  local shape = schema.shape(account_keys)
  for name, changes in pairs(script.keys or {}) do
    local key = shape.members[name] or { value = values.text }
    shape.members[name] = merged(key, changes)
  end
  return shape
end

-- What only the script knows. Nothing before all secrets are read: it may look at them.
local function check_together(made, keys)
  for _, value in pairs(made.config) do
    if deferred.is(value) then
      return {}
    end
  end
  local key, phrase = made.provider.check(made.config)
  if not key then
    return {}
  end
  return { schema.finding({ keys[1], keys[2], key }, phrase) }
end

--- What is wrong with an account.
---@param made any
---@param name string
---@return usher.config.Finding[] findings empty: nothing
function account.check(made, name)
  local keys = { "accounts", name }
  if type(made) ~= "table" or type(made.config) ~= "table" then
    return { schema.finding(keys, "is not an account; allowed: usher.provider.memories_ai { ... }") }
  end
  local ok, err = interface.check(made.provider)
  if not ok then
    local message = ("%s: %s"):format(schema.path(keys), err.message)
    return { { keys = keys, message = message, place = err.findings[1].place } }
  end
  local settings = merged(made.config, { policy = made.policy, allow = made.allow, disabled = made.disabled })
  local findings = schema.check(settings, shape_of(made.provider), keys)
  if #findings == 0 and made.provider.check then
    return check_together(made, keys)
  end
  return findings
end

local function resolve_access(made, name, findings)
  if not made.allow then
    return nil
  end
  local resolved, reason, member = access.resolve(made.allow)
  if not resolved then
    table.insert(findings, schema.finding({ "accounts", name, "allow", member }, reason))
  end
  return resolved
end

-- The file is read at each transfer, whose error does not tell a missing one from a server that is not to be trusted.
local function check_ca_file(config, name, findings)
  local fault = config.ca_file and source.fault_of(config.ca_file)
  if fault then
    table.insert(findings, schema.finding({ "accounts", name, "ca_file" }, "cannot be read: " .. fault))
  end
end

--- A copy of the account in which every secret has been read and every name has become a number.
---@param made usher.Account
---@param name string
---@return usher.Account? resolved
---@return usher.Error? err bad_configuration with findings
function account.resolve(made, name)
  local findings, config = {}, {}
  for key, value in pairs(made.config) do
    local reason
    config[key], reason = deferred.resolve(value)
    if reason then
      table.insert(findings, schema.finding({ "accounts", name, key }, "is missing: " .. reason))
    end
  end
  check_ca_file(config, name, findings)
  local resolved = resolve_access(made, name, findings)
  if #findings > 0 then
    return schema.failure(findings)
  end
  return {
    provider = made.provider,
    config = config,
    policy = made.policy,
    subject = made.subject,
    disabled = made.disabled,
    allow = made.allow,
    access = resolved,
  }
end

return account
