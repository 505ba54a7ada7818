-- SPDX-License-Identifier: MIT
-- Seals records with the master key so that each opens only in its own place: AES-256-GCM, the account, the field and
-- the version being associated data. The text is "1.<key id>.<base64 of nonce, ciphertext and tag>".

local core = require "usher.core"
local errors = require "usher.errors"

local sealer = {}

local FORMAT = "1"
local KEY_BYTES, NONCE_BYTES, TAG_BYTES = 32, 12, 16
local KEY_ID_BYTES = 4

---@class usher.Sealer
---@field private _key usher.core.Secret
---@field private _key_id string
---@field private _random fun(count: integer): string?, usher.Error?
local Sealer = {}
Sealer.__index = Sealer
Sealer.__name = "usher.sealer"

-- Lengths first: no two triples join to the same bytes.
local function associated(account, field, version)
  return string.pack(">zs4s4i8", "usher.record." .. FORMAT, account, field, version)
end

--- A sealer over one key.
---@param options { key: usher.core.Secret|string, random?: fun(count: integer): string?, usher.Error? } 32 bytes
---@return usher.Sealer
function sealer.new(options)
  local key = options.key
  if #key ~= KEY_BYTES then
    error("usher.model.sealer: the key must have 32 bytes", 2)
  end
  local id = core.digest.hmac_sha256(key, "usher.key_id"):sub(1, KEY_ID_BYTES)
  return setmetatable({
    _key = key,
    _key_id = core.encoding.hex_encode(id),
    _random = options.random or core.random.bytes,
  }, Sealer)
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
  bytes, err = core.aead.seal(self._key, nonce, text, associated(account, field, version))
  if not bytes then
    return nil, err
  end
  return ("%s.%s.%s"):format(FORMAT, self._key_id, core.encoding.base64_encode(nonce .. bytes))
end

local function split(self, sealed)
  local format, key_id, encoded = sealed:match "^(%w+)%.(%x+)%.([%w+/=]+)$"
  if format ~= FORMAT then
    return errors.fail("bad_seal", "not a sealed record")
  elseif key_id ~= self._key_id then
    return errors.fail("bad_seal", "sealed with another key")
  end
  local bytes = core.encoding.base64_decode(encoded)
  if not bytes or #bytes < NONCE_BYTES + TAG_BYTES then
    return errors.fail("bad_seal", "a damaged sealed record")
  end
  return bytes
end

--- The text, where it was sealed by this key for this account, field and version.
---@param account string
---@param field string
---@param version integer
---@param sealed string
---@return string? text
---@return usher.Error? err bad_seal
function Sealer:open(account, field, version, sealed)
  local bytes, err = split(self, sealed)
  if not bytes then
    return nil, err
  end
  local nonce = bytes:sub(1, NONCE_BYTES)
  return core.aead.open(self._key, nonce, bytes:sub(NONCE_BYTES + 1), associated(account, field, version))
end

--- Whether another sealer has the same key.
---@param other usher.Sealer
---@return boolean
function Sealer:has_same_key(other)
  return core.secret.equal(self._key, other._key)
end

--- A keyed hash: compares credentials without keeping them, and tells nothing to whoever lacks the key.
---@param text string
---@return string 64 hex digits
function Sealer:hash(text)
  return core.encoding.hex_encode(core.digest.hmac_sha256(self._key, "usher.hash\0" .. text))
end

return sealer
