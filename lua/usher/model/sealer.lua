-- SPDX-License-Identifier: MIT
-- Seals records with the master key so that each opens only in its own place: AES-256-GCM, the account, the field and
-- the version being associated data. The text is "1.<key id>.<base64 of nonce, ciphertext and tag>".

local core = require "usher.core"
local errors = require "usher.errors"

local sealer = {}

local FORMAT = "1"
local KEY_BYTES, NONCE_BYTES, TAG_BYTES = 32, 12, 16
local KEY_ID_BYTES = 4

---@class usher.sealer.options
---@field key usher.core.Secret|string 32 bytes: it seals, and opens what it sealed
---@field others? (usher.core.Secret|string)[] these open too: of a rotation that has not ended
---@field random? fun(count: integer): string?, usher.Error?

---@class usher.Sealer
---@field private _keys table<string, usher.core.Secret> by id: each opens
---@field private _key_id string of the one that seals
---@field private _hash_key usher.core.Secret
---@field private _random fun(count: integer): string?, usher.Error?
local Sealer = {}
Sealer.__index = Sealer
Sealer.__name = "usher.sealer"

-- Lengths first: no two triples join to the same bytes.
local function associated(account, field, version)
  return string.pack(">zs4s4i8", "usher.record." .. FORMAT, account, field, version)
end

--- Which of several keys one is, without telling anything of it.
---@param key usher.core.Secret|string
---@return string 8 hex digits
function sealer.id_of(key)
  return core.encoding.hex_encode(core.digest.hmac_sha256(key, "usher.key_id"):sub(1, KEY_ID_BYTES))
end

--- The id of the key that a text says it was sealed with; nil: the text is no sealed one.
---@param sealed string
---@return string? id
function sealer.key_id_in(sealed)
  local format, key_id = sealed:match "^(%w+)%.(%x+)%.[%w+/=]+$"
  return format == FORMAT and key_id or nil
end

--- A sealer.
---@param options usher.sealer.options
---@return usher.Sealer
function sealer.new(options)
  local self = setmetatable({ _keys = {}, _random = options.random or core.random.bytes }, Sealer)
  for _, key in ipairs { options.key, table.unpack(options.others or {}) } do
    if #key ~= KEY_BYTES then
      error("usher.model.sealer: the key must have 32 bytes", 2)
    end
    self._keys[sealer.id_of(key)] = key
  end
  self._key_id = sealer.id_of(options.key)
  self._hash_key = options.key
  return self
end

--- Which key seals: the second part of every text it has sealed.
---@return string 8 hex digits
function Sealer:key_id()
  return self._key_id
end

---@param account string
---@param field string
---@param version integer
---@param text string
---@return string? sealed
---@return usher.Error? err crypto
function Sealer:seal(account, field, version, text)
  local nonce, err = self._random(NONCE_BYTES)
  if not nonce then
    return nil, err
  end
  local bytes
  bytes, err = core.aead.seal(self._keys[self._key_id], nonce, text, associated(account, field, version))
  if not bytes then
    return nil, err
  end
  return ("%s.%s.%s"):format(FORMAT, self._key_id, core.encoding.base64_encode(nonce .. bytes))
end

local function split(self, sealed)
  local key_id = sealer.key_id_in(sealed)
  if not key_id then
    return errors.fail("bad_seal", "not a sealed record")
  elseif not self._keys[key_id] then
    return errors.fail("bad_seal", "sealed with another key")
  end
  local bytes = core.encoding.base64_decode(sealed:match "[^.]+$")
  if not bytes or #bytes < NONCE_BYTES + TAG_BYTES then
    return errors.fail("bad_seal", "a damaged sealed record")
  end
  return bytes, self._keys[key_id]
end

--- The text, where it was sealed by one of the keys for this account, field and version.
---@param account string
---@param field string
---@param version integer
---@param sealed string
---@return string? text
---@return usher.Error? err bad_seal
function Sealer:open(account, field, version, sealed)
  local bytes, key = split(self, sealed)
  if not bytes then
    return nil, key
  end
  local nonce = bytes:sub(1, NONCE_BYTES)
  return core.aead.open(key, nonce, bytes:sub(NONCE_BYTES + 1), associated(account, field, version))
end

--- Whether a text that says so much was sealed with one of the keys.
---@param key_id string
---@return boolean
function Sealer:has(key_id)
  return self._keys[key_id] ~= nil
end

--- Seals with that one of the keys from now on.
---@param key_id string
function Sealer:use(key_id)
  assert(self._keys[key_id], "an unknown key")
  self._key_id = key_id
end

--- Whether another sealer can open what this one seals, or this what the other does.
---@param other usher.Sealer
---@return boolean
function Sealer:has_same_key(other)
  for key_id, key in pairs(self._keys) do
    if other._keys[key_id] and core.secret.equal(key, other._keys[key_id]) then
      return true
    end
  end
  return false
end

--- Hashes with that key from now on: one that lives longer than those that seal.
---@param key usher.core.Secret|string
function Sealer:hash_with(key)
  self._hash_key = key
end

--- A keyed hash: compares credentials without keeping them, and tells nothing to whoever lacks the key.
---@param text string
---@return string 64 hex digits
function Sealer:hash(text)
  return core.encoding.hex_encode(core.digest.hmac_sha256(self._hash_key, "usher.hash\0" .. text))
end

return sealer
