-- SPDX-License-Identifier: MIT
-- How providers of pushed tickets sign and encrypt: the scheme that WeChat, WeCom and DingTalk share, and Lark's. A
-- signature is compared in constant time before anything is decrypted, and every refusal looks the same. Pure.

local core = require "usher.core"
local errors = require "usher.errors"
local query = require "usher.model.query"

local message_crypto = {}

local BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local KEY_CHARACTERS = 43 -- 32 bytes, without the `=`
local BLOCK, TICKET_BLOCK = 16, 32
local RANDOM_BYTES, LENGTH_BYTES = 16, 4
local MAX_BYTES = 64 * 1024
local LARGEST_SECONDS = 10 ^ 11 -- above it a timestamp is in milliseconds
local FRESH_SECONDS = 600 -- either way: senders' clocks differ, and they repeat what got no answer

local function text_of(secret)
  return type(secret) == "userdata" and secret:reveal() or secret
end

--- The one refusal of everything that is wrong with a message.
---@return nil
---@return usher.Error err forbidden
function message_crypto.refuse()
  return errors.fail("forbidden", "not a genuine push")
end

local function unpadded(text, block)
  local count = text:byte(-1) or 0
  if count < 1 or count > block or text:sub(-count) ~= string.char(count):rep(count) then
    return nil
  end
  return text:sub(1, -count - 1)
end

local function padded(text, block)
  local count = block - #text % block
  return text .. string.char(count):rep(count)
end

--- Whether a message of that time, in seconds or milliseconds, comes from within ten minutes of now.
---@param timestamp string
---@param now number seconds
---@return boolean
function message_crypto.is_fresh(timestamp, now)
  local at = timestamp:find "^%d+$" and #timestamp <= 14 and tonumber(timestamp)
  if not at then
    return false
  end
  return math.abs((at > LARGEST_SECONDS and at / 1000 or at) - now) <= FRESH_SECONDS
end

-- the shared scheme -----------------------------------------------------------------------------------

--- The key that a provider's console shows as 43 characters of base64. The last one's stray bits do not count.
---@param text usher.core.Secret|string
---@return string? key 32 bytes
function message_crypto.key(text)
  text = text_of(text)
  local last = #text == KEY_CHARACTERS and BASE64:find(text:sub(-1), 1, true)
  if not last then
    return nil
  end
  local index = (last - 1) & ~3
  return (core.encoding.base64_decode(text:sub(1, -2) .. BASE64:sub(index + 1, index + 1) .. "="))
end

--- SHA-1 of the texts in the order of their bytes, in lower-case hex.
---@param texts string[]
---@return string
function message_crypto.signature(texts)
  texts = table.move(texts, 1, #texts, 1, {})
  table.sort(texts)
  return core.encoding.hex_encode(core.digest.sha1(table.concat(texts)))
end

local function is_one_of(receivers, receiver)
  local found = false
  for _, allowed in ipairs(receivers) do
    found = core.secret.equal(allowed, receiver) or found
  end
  return found
end

--- Decrypts without looking at a signature.
---@param aes_key usher.core.Secret|string 43 characters
---@param encrypted string base64
---@return string? text
---@return string? receiver whom the text is for
function message_crypto.decrypt(aes_key, encrypted)
  local key, bytes = message_crypto.key(aes_key), core.encoding.base64_decode(encrypted)
  local plain = key and bytes and core.cbc.decrypt(key, key:sub(1, BLOCK), bytes)
  plain = plain and unpadded(plain, TICKET_BLOCK)
  if not plain or #plain < RANDOM_BYTES + LENGTH_BYTES then
    return nil
  end
  local length, first = string.unpack(">I4", plain, RANDOM_BYTES + 1)
  if length > #plain - first + 1 then
    return nil
  end
  return plain:sub(first, first + length - 1), plain:sub(first + length)
end

---@class usher.message_crypto.Keys
---@field token usher.core.Secret|string
---@field aes_key usher.core.Secret|string

---@class usher.message_crypto.Message
---@field timestamp string
---@field nonce string
---@field encrypt string
---@field signature string

--- The message that a request's URL signs; nil where a parameter is missing.
---@param request usher.core.Request
---@param encrypt? string what is signed; nil: there is nothing
---@return usher.message_crypto.Message?
function message_crypto.read(request, encrypt)
  local parameters = encrypt and query.parse(request.query)
  local message = parameters
    and {
      timestamp = parameters:get "timestamp" or parameters:get "timeStamp",
      nonce = parameters:get "nonce",
      signature = parameters:get "msg_signature" or parameters:get "signature",
      encrypt = encrypt,
    }
  return message and message.timestamp and message.nonce and message.signature and message or nil
end

--- The text of a message that is fresh, signed, and for one of the receivers.
---@param keys usher.message_crypto.Keys
---@param message? usher.message_crypto.Message
---@param receivers string[]
---@param now number seconds
---@return string? text
---@return string|usher.Error receiver, or err: forbidden, whatever is wrong
function message_crypto.open(keys, message, receivers, now)
  local is_fit = message and #message.encrypt <= MAX_BYTES and message_crypto.is_fresh(message.timestamp, now)
  local expected = is_fit
    and message_crypto.signature {
      text_of(keys.token),
      message.timestamp,
      message.nonce,
      message.encrypt,
    }
  if not expected or not core.secret.equal(expected, message.signature) then
    return message_crypto.refuse()
  end
  local text, receiver = message_crypto.decrypt(keys.aes_key, message.encrypt)
  if not text or not is_one_of(receivers, receiver) then
    return message_crypto.refuse()
  end
  return text, receiver
end

--- The message for a text: what `open` undoes.
---@param keys usher.message_crypto.Keys
---@param text string
---@param receiver string
---@param stamp {timestamp: string, nonce: string, random: string} `random`: 16 bytes
---@return usher.message_crypto.Message
function message_crypto.seal(keys, text, receiver, stamp)
  local key = assert(message_crypto.key(keys.aes_key), "not a key of 43 characters")
  local plain = padded(stamp.random .. string.pack(">s4", text) .. receiver, TICKET_BLOCK)
  local encrypted = core.encoding.base64_encode(assert(core.cbc.encrypt(key, key:sub(1, BLOCK), plain)))
  return {
    timestamp = stamp.timestamp,
    nonce = stamp.nonce,
    encrypt = encrypted,
    signature = message_crypto.signature { text_of(keys.token), stamp.timestamp, stamp.nonce, encrypted },
  }
end

-- Lark ------------------------------------------------------------------------------------------------

--- Lark's signature of a body as it was sent, in lower-case hex.
---@param encrypt_key usher.core.Secret|string
---@param timestamp string
---@param nonce string
---@param body string
---@return string
function message_crypto.lark_signature(encrypt_key, timestamp, nonce, body)
  return core.encoding.hex_encode(core.digest.sha256(timestamp .. nonce .. text_of(encrypt_key) .. body))
end

--- Decrypts what Lark sends. The caller has verified its signature.
---@param encrypt_key usher.core.Secret|string
---@param encrypted string base64
---@return string? text
function message_crypto.lark_decrypt(encrypt_key, encrypted)
  local bytes = core.encoding.base64_decode(encrypted)
  if not bytes or #bytes < 2 * BLOCK then
    return nil
  end
  local key = core.digest.sha256(text_of(encrypt_key))
  local plain = core.cbc.decrypt(key, bytes:sub(1, BLOCK), bytes:sub(BLOCK + 1))
  return plain and unpadded(plain, BLOCK)
end

--- What `lark_decrypt` undoes.
---@param encrypt_key usher.core.Secret|string
---@param text string
---@param iv string 16 bytes
---@return string encrypted base64
function message_crypto.lark_encrypt(encrypt_key, text, iv)
  local key = core.digest.sha256(text_of(encrypt_key))
  return core.encoding.base64_encode(iv .. assert(core.cbc.encrypt(key, iv, padded(text, BLOCK))))
end

return message_crypto
