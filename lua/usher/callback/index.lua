-- SPDX-License-Identifier: MIT
-- Which account a callback is for: one whose key it carries, or whose authorization it ends. Keys are looked up by a
-- hash keyed with random bytes of this process and then compared in constant time, so that neither chosen keys nor
-- timing tell anything about the real ones.

local core = require "usher.core"
local errors = require "usher.errors"
local sorted = require "usher.config.sorted"

local index = {}

local HASH_KEY_BYTES = 32

---@class usher.callback.Index
local Index = {}
Index.__index = Index
Index.__name = "usher.callback.index"

-- The accounts of one provider on one path: only they are told apart by that provider's keys.
local function group_of(self, path, provider)
  local groups = self._groups[path] or {}
  self._groups[path] = groups
  for _, group in ipairs(groups) do
    if group.provider == provider then
      return group
    end
  end
  local group = { provider = provider, accounts = {} }
  table.insert(groups, group)
  return group
end

local function refuse(name, message)
  local keys = { "accounts", name }
  return errors.fail("bad_configuration", ("accounts.%s: %s"):format(name, message), { keys = keys })
end

local function add(self, name, account)
  local ran, key = pcall(account.provider.account_key, account.config)
  if not ran then
    return refuse(name, "account_key failed: " .. tostring(key))
  end
  local group = group_of(self, account.config.callback_path, account.provider)
  if key == false then
    return true
  elseif type(key) ~= "string" then
    return refuse(name, "the provider gives no account key")
  end
  local hash = core.digest.hmac_sha256(self._hash_key, key)
  local other = group.accounts[hash]
  if other then
    return refuse(
      name,
      ("a callback could not be told from one for accounts.%s: give it another callback_path"):format(
        other.name
      )
    )
  end
  group.accounts[hash] = { name = name, key = core.secret.new(key) }
  return true
end

--- The paths that callbacks come to.
---@return string[]
function Index:paths()
  return sorted.keys(self._groups)
end

-- The account of this path and provider that waits for a callback with this key.
local function find_authorization(self, path, provider, key)
  local name = provider.authorize and self._authorized(key)
  local account = name and self._accounts[name]
  local is_here = account and account.provider == provider and account.config.callback_path == path
  return is_here and name or nil
end

--- The account that a request to one of the paths is for.
---@param request usher.core.Request
---@return string? name
---@return usher.Error? err bad_request: no provider of this path can read it; forbidden: no such account
---@return string? key of the authorization that the request ends, where it is one
function Index:find(request)
  local refusal, is_readable
  for _, group in ipairs(self._groups[request.path]) do
    local key, err = group.provider.request_key(request)
    local entry = key and group.accounts[core.digest.hmac_sha256(self._hash_key, key)]
    if entry and core.secret.equal(entry.key, key) then
      return entry.name
    end
    local name = key and find_authorization(self, request.path, group.provider, key)
    if name then
      return name, nil, key
    end
    is_readable = is_readable or key ~= nil
    refusal = refusal or err
  end
  if is_readable then
    return errors.fail "forbidden"
  end
  return nil, refusal or errors.new "bad_request"
end

--- Reads the accounts' keys. Two accounts of one provider with the same key on one path are an error.
---@param accounts table<string, {provider: table, config: table}>
---@param random fun(count: integer): string
---@param authorized? fun(key: string): string? the account whose authorization has this key
---@return usher.callback.Index? index
---@return usher.Error? err bad_configuration
function index.new(accounts, random, authorized)
  local self = setmetatable({ _groups = {}, _accounts = accounts }, Index)
  self._hash_key = core.secret.new(random(HASH_KEY_BYTES))
  self._authorized = authorized or function() end
  for _, name in ipairs(sorted.keys(accounts)) do
    local ok, err = add(self, name, accounts[name])
    if not ok then
      return nil, err
    end
  end
  return self
end

return index
