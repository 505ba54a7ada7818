-- SPDX-License-Identifier: MIT
-- What usher's own protocols need of cryptography, for programs: digests, sealing, randomness, encodings. Each is the
-- core's function of that purpose, over OpenSSL. examples/crypto.lua uses them all.

local core = require "usher.core"

---@class usher.crypto
local crypto = {}

--- Bytes from the operating system's generator by way of OpenSSL.
---@type fun(count: integer): string?, usher.Error?
crypto.random = core.random.bytes

--- RFC 1321: 16 raw bytes. For protocols that demand it; it protects nothing.
---@type fun(bytes: string): string
crypto.md5 = core.digest.md5

--- FIPS 180-4: 20 raw bytes. For protocols that demand it.
---@type fun(bytes: string): string
crypto.sha1 = core.digest.sha1

--- FIPS 180-4: 32 raw bytes.
---@type fun(bytes: string): string
crypto.sha256 = core.digest.sha256

--- RFC 2104 with SHA-256: 32 raw bytes. `key` of any length.
---@type fun(key: usher.core.Secret|string, bytes: string): string
crypto.hmac_sha256 = core.digest.hmac_sha256

--- AES-256-GCM (NIST SP 800-38D): encrypts, and protects the text and what is `associated` with it against change.
--- `key` 32 bytes; `nonce` 12 bytes, never twice with one key: `crypto.random(12)`. Gives the ciphertext and the 16
--- bytes of the tag; the nonce is not in it.
---@type fun(key: usher.core.Secret|string, nonce: string, plaintext: string, associated: string): string?, usher.Error?
crypto.seal = core.aead.seal

--- Undoes `seal`: nothing is handed out before the tag has been verified, else nil and `bad_seal`.
---@type fun(key: usher.core.Secret|string, nonce: string, sealed: string, associated: string): string?, usher.Error?
crypto.open = core.aead.open

--- AES-256-CBC (NIST SP 800-38A) without padding, for protocols that demand it: verify a signature before decrypting.
--- `key` 32 bytes, `iv` 16, the text whole blocks of 16.
---@type fun(key: usher.core.Secret|string, iv: string, plaintext: string): string?, usher.Error?
crypto.cbc_encrypt = core.cbc.encrypt

--- Undoes `cbc_encrypt`; the padding is the caller's.
---@type fun(key: usher.core.Secret|string, iv: string, ciphertext: string): string?, usher.Error?
crypto.cbc_decrypt = core.cbc.decrypt

--- Compares in constant time for equal lengths: for everything that somebody could guess byte by byte.
---@type fun(a: usher.core.Secret|string, b: usher.core.Secret|string): boolean
crypto.equal = core.secret.equal

--- Bytes that no `tostring` shows and that are cleansed when freed. `secret:reveal()` copies them out.
---@type fun(bytes: string): usher.core.Secret
crypto.secret = core.secret.new

--- Lower-case hex.
---@type fun(bytes: string): string
crypto.hex_encode = core.encoding.hex_encode

--- Either case; else nil and `bad_encoding`.
---@type fun(text: string): string?, usher.Error?
crypto.hex_decode = core.encoding.hex_decode

--- RFC 4648, section 4, padded.
---@type fun(bytes: string): string
crypto.base64_encode = core.encoding.base64_encode

--- Strict: padded, no white space, no stray bits; else nil and `bad_encoding`.
---@type fun(text: string): string?, usher.Error?
crypto.base64_decode = core.encoding.base64_decode

--- RFC 4648, section 5, without padding.
---@type fun(bytes: string): string
crypto.base64url_encode = core.encoding.base64url_encode

--- Strict, as `base64_decode`.
---@type fun(text: string): string?, usher.Error?
crypto.base64url_decode = core.encoding.base64url_decode

return crypto
