-- SPDX-License-Identifier: MIT
-- The keys of a description, whoever writes it: the environment, or a configuration file. Documentation and both
-- readers are made from this one table.

local values = require "usher.config.values"

---@class usher.config.Key
---@field value usher.config.Value
---@field default? any
---@field secret? boolean a plain text, `usher.secret.env` or `usher.secret.file`; shown nowhere
---@field is_hidden? boolean may hold a secret: its variable is overwritten once it is read
---@field required? boolean
---@field default_text? string the default in words, where it is no plain value
---@field example any an allowed value; where none is plain, Lua text
---@field what string one sentence for the documentation

---@type table<string, usher.config.Key> by path
local keys = {
  ["callback.listen"] = {
    value = values.listen,
    default = "127.0.0.1:8080",
    what = "where the provider's callbacks arrive; an address that other machines reach needs TLS, or `plain`",
    example = "127.0.0.1:8443",
  },
  ["callback.mode"] = {
    value = values.mode,
    default = "0600",
    what = "mode of the callback's socket file, where it listens on one behind a proxy",
    example = "0660",
  },
  ["callback.group"] = {
    value = values.group,
    what = "group of the callback's socket file",
    example = "www-data",
  },
  ["callback.plain"] = {
    value = values.flag,
    default = false,
    what = "take callbacks without TLS from other machines, as behind a proxy that speaks TLS",
    example = true,
  },
  ["callback.path"] = {
    value = values.callback_path,
    default = "/callback",
    what = "the callback's path; may hold a secret segment, which no log shows",
    is_hidden = true,
    example = "/callback/9f8a6c1e5b7d4032",
  },
  ["callback.allow"] = {
    value = values.networks,
    default = {},
    what = "source networks that callbacks are taken from; empty: all",
    example = { "203.0.113.0/24", "2001:db8::/32" },
  },
  ["callback.reply_status"] = {
    value = values.integer(200, 299),
    default = 200,
    what = "the status of the answer to an accepted push, unless the provider script says what to answer",
    example = 204,
  },
  ["callback.tls.cert"] = {
    value = values.file_path,
    what = "certificate chain of the callback listener, in PEM: its own certificate first; read again at a reload",
    example = "/etc/usher/cert.pem",
  },
  ["callback.tls.key"] = {
    value = values.file_path,
    what = "private key of that certificate, in PEM, without a pass phrase; others must not be able to read it",
    example = "/etc/usher/key.pem",
  },
  ["api.listen"] = {
    value = values.listen,
    default_text = "unix:$RUNTIME_DIRECTORY/usher.sock, else unix:$XDG_RUNTIME_DIR/usher.sock, else"
      .. " unix:<state dir>/usher.sock",
    what = "where consumers ask for tokens",
    example = "unix:/run/usher/usher.sock",
  },
  ["api.mode"] = {
    value = values.mode,
    default = "0600",
    what = "mode of the API's socket file",
    example = "0660",
  },
  ["api.group"] = { value = values.group, what = "group of the API's socket file", example = "apps" },
  ["api.token"] = {
    value = values.printable,
    secret = true,
    what = "bearer that a consumer must present; required where the API is on TCP",
    example = "uVx3NcoZ",
  },
  ["api.hosts"] = {
    value = values.hosts,
    default = {},
    what = "names that requests may give as Host, besides the loopback ones and the address itself",
    example = { "usher.internal" },
  },
  store = {
    value = values.store,
    required = true,
    what = "where tokens are kept: `usher.store.sqlite { path = ..., key = ... }`, `usher.store.memory {}`",
    example = 'usher.store.sqlite { path = "/var/lib/usher/usher.db", key = usher.secret.file "/etc/usher/key" }',
  },
  accounts = {
    value = values.table,
    required = true,
    what = "accounts by name (1 to 64 of A-Z a-z 0-9 . _ -), each made by `usher.provider`",
    example = '{ acme = usher.provider.memories_ai { api_key = usher.secret.env "ACME_API_KEY" } }',
  },
  routes = {
    value = values.table,
    default = {},
    what = 'your own handlers on the callback listener: `["POST /video-status"] = function(request) ... end`',
    example = '{ ["POST /video-status"] = function(request) return { status = 204 } end }',
  },
  on = {
    value = values.table,
    default = {},
    what = "your own functions, called after events: `token_refreshed = function(event) ... end`",
    example = "{ token_refreshed = function(event) print(event.account) end }",
  },
  ["log.level"] = {
    value = values.one_of { "debug", "info", "warn", "error" },
    default = "info",
    what = "the least weight of events that are logged",
    example = "debug",
  },
  ["log.format"] = {
    value = values.one_of { "logfmt", "json" },
    default = "logfmt",
    what = "how events are written to standard error",
    example = "json",
  },
}

return keys
