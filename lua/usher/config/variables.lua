-- SPDX-License-Identifier: MIT
-- The environment of the bundled gateway: each variable and the setting it gives. A variable over a description's
-- key (usher.config.keys) takes kind, default and secrecy from there.

local keys = require "usher.config.keys"
local values = require "usher.config.values"

---@class usher.config.Variable: usher.config.Key
---@field name string
---@field path string where its value goes in the settings
---@field required? boolean
---@field default_text? string the default in words, where it depends on the environment

local DAY_LIMIT = values.integer(1, 1000000)

local function over_key(name, path, default_text)
  local key = keys[path]
  return {
    name = name,
    path = path,
    value = key.value,
    default = key.default,
    default_text = default_text,
    secret = key.secret,
    what = key.what,
  }
end

---@type usher.config.Variable[]
local variables = {
  {
    name = "MEMORIES_API_KEY",
    path = "memories.api_key",
    value = values.printable,
    secret = true,
    required = true,
    what = "the API key made in the provider's console",
  },
  {
    name = "MEMORIES_CLIENT_ID",
    path = "memories.client_id",
    value = values.printable,
    what = "pins the account: pushes for another clientId are refused",
  },
  {
    name = "MEMORIES_BASE_URL",
    path = "memories.base_url",
    value = values.base_url,
    default = "https://mavi-backend.memories.ai",
    what = "the provider's API",
  },
  {
    name = "MEMORIES_EXCHANGE_BUDGET",
    path = "memories.policy.budgets.exchange",
    value = DAY_LIMIT,
    default = 50,
    what = "exchanges allowed a day",
  },
  {
    name = "MEMORIES_REFRESH_BUDGET",
    path = "memories.policy.budgets.refresh",
    value = DAY_LIMIT,
    default = 500,
    what = "refreshes allowed a day",
  },
  {
    name = "MEMORIES_PUSH_INTERVAL",
    path = "memories.policy.push_interval",
    value = values.integer(1, 86400),
    default = 600,
    what = "seconds from one push to the next",
  },
  {
    name = "USHER_ACCOUNT",
    path = "account",
    value = values.account_name,
    default = "default",
    what = "the account's name",
  },
  over_key("USHER_CALLBACK_LISTEN", "callback.listen"),
  over_key("USHER_CALLBACK_PLAIN", "callback.plain"),
  over_key("USHER_CALLBACK_PATH", "callback.path"),
  over_key("USHER_CALLBACK_ALLOW", "callback.allow"),
  over_key("USHER_CALLBACK_TLS_CERT", "callback.tls.cert"),
  over_key("USHER_CALLBACK_TLS_KEY", "callback.tls.key"),
  over_key(
    "USHER_API_LISTEN",
    "api.listen",
    "unix:$RUNTIME_DIRECTORY/usher.sock, else unix:$XDG_RUNTIME_DIR/usher.sock, else unix:<state dir>/usher.sock"
  ),
  over_key("USHER_API_TOKEN", "api.token"),
  {
    name = "USHER_STATE_DIR",
    path = "state_dir",
    value = values.file_path,
    default_text = "$STATE_DIRECTORY, else $XDG_STATE_HOME/usher, else ~/.local/state/usher",
    what = "folder of the store and the master key",
  },
  {
    name = "USHER_MASTER_KEY",
    path = "master_key",
    value = values.printable,
    secret = true,
    default_text = "the file <state dir>/master.key, made where neither key nor store exists",
    what = "seals what is stored: 32 bytes in base64, as `usher keygen` writes them",
  },
  over_key("USHER_LOG_LEVEL", "log.level"),
  over_key("USHER_LOG_FORMAT", "log.format"),
}

return variables
