-- SPDX-License-Identifier: MIT
-- What a store was described with: `usher.store.sqlite { path = ..., key = ... }`. Checked, and its key read, when the
-- store is first used, not when it is described.

local core = require "usher.core"
local deferred = require "usher.config.deferred"
local master_key = require "usher.config.master_key"
local schema = require "usher.config.schema"
local sealer = require "usher.model.sealer"

local origin = {}

local KEY_BYTES = 32

---@class usher.store.Origin
---@field kind string
---@field options table<string, any>
---@field keys table<string, usher.config.Key> the options there are
local Origin = {}
Origin.__index = Origin
Origin.__name = "usher.store.origin"

-- 32 bytes, or their base64 text as key files hold it.
local function read_key(option)
  local key, reason = deferred.resolve(option)
  if not key then
    return nil, schema.finding({ "store", "key" }, "is missing: " .. reason)
  elseif #key == KEY_BYTES then
    return key
  end
  local err
  key, err = master_key.parse(key, "store.key")
  return key, err and { keys = { "store", "key" }, message = err.message }
end

-- While a rotation has not ended, the next key lies beside the present one.
local function read_next_key(self)
  local path = self:key_file()
  local key, err
  if path then
    key, err = master_key.read(master_key.next_path(path))
  end
  if err and err.code ~= "not_found" then
    return nil, { keys = { "store", "key" }, message = err.message }
  end
  return key
end

--- The sealer over the key, or over one of its own where the kind of store takes none.
---@return usher.Sealer? sealer
---@return usher.Error? err bad_configuration with findings
function Origin:sealer()
  local keys, err = self:read_keys()
  return keys and sealer.new { key = keys[1], others = { keys[2] } }, err
end

--- The key, and the next one where a rotation has not ended.
---@return (usher.core.Secret|string)[]? keys
---@return usher.Error? err bad_configuration with findings
function Origin:read_keys()
  local findings = schema.check(self.options, schema.shape(self.keys), { "store" })
  if #findings > 0 then
    return schema.failure(findings)
  end
  local key, finding = read_key(self.options.key or self._make_key())
  local next_key
  if key then
    next_key, finding = read_next_key(self)
  end
  if finding then
    return schema.failure { finding }
  end
  return { key, next_key }
end

--- The file that holds the key, where one does: not a link to it, which a new key would replace.
---@return string? path
function Origin:key_file()
  local path = deferred.path(self.options.key)
  return path and (core.file.resolve(path) or path)
end

--- Whether the key comes from the operator.
---@return boolean
function Origin:has_key()
  return self.options.key ~= nil
end

--- The kind of store and its options, but for secrets: `sqlite path=/var/lib/usher/usher.db`.
---@return string
function Origin:where()
  local words = {}
  for name, key in pairs(self.keys) do
    if not key.secret and self.options[name] ~= nil then
      table.insert(words, ("%s=%s"):format(name, tostring(self.options[name])))
    end
  end
  table.sort(words)
  return table.concat({ self.kind, table.unpack(words) }, " ")
end

--- Raises where the options are no table, at whoever called the constructor.
---@param kind string
---@param options? table
---@param keys table<string, usher.config.Key>
---@param make_key? fun(): usher.core.Secret the key where the operator gives none
---@return usher.store.Origin
function origin.new(kind, options, keys, make_key)
  if type(options or {}) ~= "table" then
    error(("usher.store.%s takes a table"):format(kind), 3)
  end
  local copy = {}
  for name, value in pairs(options or {}) do
    copy[name] = value
  end
  return setmetatable({ kind = kind, options = copy, keys = keys, _make_key = make_key }, Origin)
end

return origin
