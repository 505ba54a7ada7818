-- SPDX-License-Identifier: MIT
-- What a configuration file and a Lua program see of usher. Each part is loaded when it is first used: client commands
-- come by here too, and must start fast.

---@class usher
---@field version string
---@field keeper fun(options: usher.local_keeper.options): usher.LocalKeeper keeps tokens in this process
---@field crypto usher.crypto
---@field http usher.http
---@field json usher.json
---@field loop usher.core.loop what turns while something waits
local usher = { version = require "usher.version" }

local PARTS = {
  keeper = function()
    return require("usher.local_keeper").new
  end,
  crypto = function()
    return require "usher.crypto"
  end,
  http = function()
    return require "usher.http"
  end,
  json = function()
    return require "usher.json"
  end,
  loop = function()
    return require("usher.core").loop
  end,
}

setmetatable(usher, {
  __index = function(fields, name)
    local make = PARTS[name]
    fields[name] = make and make()
    return rawget(fields, name)
  end,
})

-- A table whose fields are made from modules at first use.
local function lazy(kind, make, metatable)
  metatable = metatable or {}
  function metatable.__index(fields, name)
    if type(name) ~= "string" or not package.searchpath(("usher.%s.%s"):format(kind, name), package.path) then
      error(("usher.%s has no %s"):format(kind, tostring(name)), 2)
    end
    fields[name] = make(require(("usher.%s.%s"):format(kind, name)))
    return fields[name]
  end
  return setmetatable({}, metatable)
end

local function accounts_of(script)
  return function(options)
    return require("usher.provider.account").new(script, options)
  end
end

--- Accounts: `usher.provider.memories_ai { api_key = ..., ... }`, for any script in lua/usher/provider; or, for one of
--- your own, `usher.provider "example.lua" { ... }` and `usher.provider(script) { ... }`.
usher.provider = lazy("provider", accounts_of, {
  __call = function(_, script)
    return accounts_of(type(script) == "string" and require("usher.provider.origin").load(script) or script)
  end,
})

--- Stores, which open nothing yet: `usher.store.sqlite { path = ..., key = ... }`, `usher.store.memory {}`.
usher.store = lazy("store", function(store)
  return store.new
end)

--- Secrets that are named here and read when they are needed.
usher.secret = {}

--- The secret in a file, without one trailing newline.
---@param path string
---@return usher.config.Deferred
function usher.secret.file(path)
  return require("usher.config.deferred").file(path)
end

--- The secret that systemd has as a credential of that name (`LoadCredential=`), without one trailing newline.
---@param name string
---@return usher.config.Deferred
function usher.secret.credential(name)
  return require("usher.config.deferred").credential(name)
end

--- The secret in an environment variable, which is overwritten there when it is read.
---@param name string
---@return usher.config.Deferred
function usher.secret.env(name)
  return require("usher.config.deferred").env(name)
end

local Description = { __name = "usher.gateway.description" }

--- Describes a gateway; nothing opens until `usher run`.
---@param description usher.gateway.Description
---@return usher.gateway.Description description itself, marked
function usher.gateway(description)
  if type(description) ~= "table" then
    error("usher.gateway takes a table", 2)
  end
  return setmetatable(description, Description)
end

--- Whether a value was made by `usher.gateway`.
---@param value any
---@return boolean
function usher.is_description(value)
  return getmetatable(value) == Description
end

return usher
