-- SPDX-License-Identifier: MIT
-- usher.crypto in use: lua5.4 examples/crypto.lua

local usher = require "usher"

local crypto = usher.crypto

-- Digests are raw bytes; the encodings make text of them.
print("md5", crypto.hex_encode(crypto.md5 "sk-1"))
print("sha1", crypto.hex_encode(crypto.sha1 "abc"))
print("sha256", crypto.hex_encode(crypto.sha256 "abc"))

-- A signature over a request, compared without telling by its timing how much of a guess was right.
local shared = crypto.secret "the shared secret"
local signature = crypto.base64url_encode(crypto.hmac_sha256(shared, "POST /video-status\n{}"))
local expected = crypto.base64url_encode(crypto.hmac_sha256(shared, "POST /video-status\n{}"))
print("signature", signature, crypto.equal(signature, expected))
print("shown as", shared)

-- Sealing: the text is hidden, and neither it nor the name it is stored under can be changed unnoticed.
local key = crypto.secret(assert(crypto.random(32)))
local nonce = assert(crypto.random(12)) -- a new one each time
local sealed = assert(crypto.seal(key, nonce, "a refresh token", "account=acme"))
print("stored", #crypto.base64_encode(nonce .. sealed), "characters")
print("opened", crypto.open(key, nonce, sealed, "account=acme"))
print("elsewhere", select(2, crypto.open(key, nonce, sealed, "account=bolt")))

-- Whole blocks, as some providers encrypt what they push; only a signature tells whether it was changed.
local iv = assert(crypto.random(16))
local block = assert(crypto.cbc_encrypt(key, iv, "sixteen bytes..."))
print("block", crypto.cbc_decrypt(key, iv, block))

-- Texts that are not what they should be are errors, not guesses.
print("refused", select(2, crypto.hex_decode "75736865 72"))
print("decoded", crypto.hex_decode "7573686572")
print("decoded", crypto.base64_decode(crypto.base64_encode "usher"), crypto.base64url_decode "dXNoZXI")
