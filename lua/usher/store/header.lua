-- SPDX-License-Identifier: MIT
-- The header records of a store in a file: each opens with one master key only. There is one, and two while the key
-- is being rotated. They carry the key of the store's hashes, which outlives master keys.

local core = require "usher.core"
local errors = require "usher.errors"
local sealer = require "usher.model.sealer"

local header = {}

-- Sealed like a record, of an account that cannot be.
local ACCOUNT, FIELD, VERSION = "", "header", 1
local TEXT, PATTERN = "usher store 1 %s", "^usher store 1 (%x+)$"
local HASH_KEY_BYTES = 32

--- A new header, sealed.
---@param with usher.Sealer
---@param hash_key? string nil: a new one
---@return string? sealed of letters, digits and "+/=." only
---@return usher.Error? err
function header.seal(with, hash_key)
  local err
  if not hash_key then
    hash_key, err = core.random.bytes(HASH_KEY_BYTES)
  end
  if not hash_key then
    return nil, err
  end
  return with:seal(ACCOUNT, FIELD, VERSION, TEXT:format(core.encoding.hex_encode(hash_key)))
end

local function open(with, sealed)
  local text = with:open(ACCOUNT, FIELD, VERSION, sealed)
  local hex = text and text:match(PATTERN)
  return hex and core.encoding.hex_decode(hex)
end

-- How many of the headers open, are of keys that are not there, are damaged; and the last that opens.
local function sort(with, headers)
  local seen = { open = 0, foreign = 0, damaged = 0 }
  for _, sealed in ipairs(headers) do
    local key_id = type(sealed) == "string" and sealer.key_id_in(sealed)
    local hash_key = key_id and open(with, sealed)
    if hash_key then
      seen.open, seen.key_id, seen.hash_key = seen.open + 1, key_id, hash_key
    elseif key_id and not with:has(key_id) then
      seen.foreign = seen.foreign + 1
    else
      seen.damaged = seen.damaged + 1
    end
  end
  return seen
end

local function refusal(seen, path)
  if seen.open > 0 then
    local message = "a rotation of the master key of the store %s has not ended: run `usher rotate-key` again"
    return errors.fail("bad_seal", message:format(path))
  elseif seen.foreign > 0 then
    local message = "the master key is not the one of the store %s, which is left as it is"
    return errors.fail("bad_seal", message:format(path))
  end
  return errors.fail("store_corrupt", "no header record opens")
end

--- Checks that the sealer has every key that the store needs, and has it seal and hash as the newest header says.
---@param with usher.Sealer
---@param headers string[] oldest first
---@param path string for messages
---@return {key_id: string, hash_key: string, count: integer}? found of the newest header
---@return usher.Error? err bad_seal; store_corrupt
function header.adopt(with, headers, path)
  local seen = sort(with, headers)
  if seen.open == 0 or seen.foreign > 0 then
    return refusal(seen, path)
  end
  with:use(seen.key_id)
  with:hash_with(seen.hash_key)
  return { key_id = seen.key_id, hash_key = seen.hash_key, count = seen.open }
end

return header
