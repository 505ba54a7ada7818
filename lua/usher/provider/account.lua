-- SPDX-License-Identifier: MIT
-- An account: a provider script, what the operator configured of it, and the policy that follows. Pure.

local account = {}

---@class usher.Account
---@field provider usher.Provider
---@field config table what the script's functions take
---@field policy usher.Policy the script's, with the operator's changes
---@field subject? string the pin: pushes for another are refused

-- `changes` over `defaults`, table members (budgets, lifetimes) member by member.
local function merged(defaults, changes)
  local result = {}
  for _, source in ipairs { defaults, changes } do
    for key, value in pairs(source) do
      local is_nested = type(value) == "table" and type(result[key]) == "table"
      result[key] = is_nested and merged(result[key], value) or value
    end
  end
  return result
end

--- Makes an account. Opens nothing and keeps no reference to `options`.
---@param script usher.Provider
---@param options table the script's configuration, and `policy`; `client_id` is the pin
---@return usher.Account
function account.new(script, options)
  assert(type(options) == "table", "an account is made from a table")
  local config = merged({}, options)
  config.policy = nil
  return {
    provider = script,
    config = config,
    policy = merged(script.policy or {}, options.policy or {}),
    subject = options.client_id,
  }
end

return account
