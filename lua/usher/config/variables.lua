-- SPDX-License-Identifier: MIT
-- The environment of the bundled gateway: each variable and the setting it gives. A variable over a key of a
-- description (usher.config.keys) or of an account (usher.config.account_keys) takes kind, default and secrecy from
-- there.

local account_keys = require "usher.config.account_keys"
local keys = require "usher.config.keys"
local values = require "usher.config.values"

---@class usher.config.Variable: usher.config.Key
---@field name string
---@field path string where its value goes in the settings

local function over(key, name, path, changes)
  local variable = { name = name, path = path }
  for _, source in ipairs { key, changes or {} } do
    for field, value in pairs(source) do
      variable[field] = value
    end
  end
  if variable.default ~= nil then
    variable.default_text = nil
  end
  return variable
end

local function over_key(name, path)
  return over(keys[path], name, path)
end

-- Of the one account: what its provider script would give is told here.
local function over_account_key(name, path, changes)
  return over(account_keys[path], name, "memories." .. path, changes)
end

---@type usher.config.Variable[]
local variables = {
  over_account_key("MEMORIES_API_KEY", "api_key", { required = true }),
  over_account_key("MEMORIES_CLIENT_ID", "client_id"),
  over_account_key("MEMORIES_BASE_URL", "base_url", { default = "https://mavi-backend.memories.ai" }),
  over_account_key("MEMORIES_EXCHANGE_BUDGET", "policy.budgets.exchange", { default = 50 }),
  over_account_key("MEMORIES_REFRESH_BUDGET", "policy.budgets.refresh", { default = 500 }),
  over_account_key("MEMORIES_PUSH_INTERVAL", "policy.push_interval", { default = 600 }),
  {
    name = "USHER_ACCOUNT",
    path = "account",
    value = values.account_name,
    default = "default",
    what = "the account's name",
    example = "acme",
  },
  over_key("USHER_CALLBACK_LISTEN", "callback.listen"),
  over_key("USHER_CALLBACK_PLAIN", "callback.plain"),
  over_key("USHER_CALLBACK_PATH", "callback.path"),
  over_key("USHER_CALLBACK_ALLOW", "callback.allow"),
  over_key("USHER_CALLBACK_TLS_CERT", "callback.tls.cert"),
  over_key("USHER_CALLBACK_TLS_KEY", "callback.tls.key"),
  over_key("USHER_API_LISTEN", "api.listen"),
  over_key("USHER_API_TOKEN", "api.token"),
  over_key("USHER_API_HOSTS", "api.hosts"),
  {
    name = "USHER_STATE_DIR",
    path = "state_dir",
    value = values.file_path,
    default_text = "$STATE_DIRECTORY, else $XDG_STATE_HOME/usher, else ~/.local/state/usher",
    what = "folder of the store and the master key",
    example = "/var/lib/usher",
  },
  {
    name = "USHER_MASTER_KEY",
    path = "master_key",
    value = values.printable,
    secret = true,
    default_text = "the file <state dir>/master.key, made where neither key nor store exists",
    what = "seals what is stored: 32 bytes in base64, as `usher keygen` writes them",
    example = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
  },
  over_key("USHER_LOG_LEVEL", "log.level"),
  over_key("USHER_LOG_FORMAT", "log.format"),
}

return variables
