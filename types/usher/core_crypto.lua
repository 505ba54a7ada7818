---@meta
-- SPDX-License-Identifier: MIT
-- Of `usher.core`: randomness, encodings, secrets and cryptography. core.lua has the rules.

---@class usher.core
local core = {}

core.random = {}
---Bytes from the operating system's generator by way of OpenSSL.
---@param count integer 0 .. 65536
---@return string? bytes
---@return usher.Error? err
function core.random.bytes(count) end

-- encoding --------------------------------------------------------------------------------------------

core.encoding = {}
---@param bytes string
---@return string lower-case hex
function core.encoding.hex_encode(bytes) end
---Either case; odd length or another character: bad_encoding.
---@param text string
---@return string? bytes
---@return usher.Error? err
function core.encoding.hex_decode(text) end
---RFC 4648 section 4, padded.
---@param bytes string
---@return string
function core.encoding.base64_encode(bytes) end
---Strict: padding required, no white space, non-zero trailing bits refused.
---@param text string
---@return string? bytes
---@return usher.Error? err
function core.encoding.base64_decode(text) end
---RFC 4648 section 5, without padding.
---@param bytes string
---@return string
function core.encoding.base64url_encode(bytes) end
---@param text string
---@return string? bytes
---@return usher.Error? err
function core.encoding.base64url_decode(text) end
---RFC 3986: all but unreserved characters become %XX.
---@param bytes string
---@return string
function core.encoding.percent_encode(bytes) end
---`+` stays `+`. A `%` without two hex digits: bad_encoding.
---@param text string
---@return string? bytes
---@return usher.Error? err
function core.encoding.percent_decode(text) end

-- secret, digest, aead --------------------------------------------------------------------------------

core.secret = {}
---Bytes that are cleansed when freed and that no `tostring` shows.
---@param bytes string
---@return usher.core.Secret
function core.secret.new(bytes) end
---The environment variable's value, or nil where it is unset. The value is overwritten in the process's
---environment and the variable unset, so a second call gives nil.
---@param name string
---@return usher.core.Secret?
function core.secret.from_environment(name) end
---The whole of a regular file, as `core.file.read` reads it, without another copy in memory.
---@param path string
---@param max_bytes integer at most 1048576
---@return usher.core.Secret?
---@return usher.Error? err its message begins with the path
function core.secret.from_file(path, max_bytes) end
---Decodes as `core.encoding.base64_decode` does, without another copy in memory.
---@param text usher.core.Secret|string
---@return usher.core.Secret?
---@return usher.Error? err bad_encoding
function core.secret.from_base64(text) end
---Constant time for equal lengths. Secrets or strings.
---@param a usher.core.Secret|string
---@param b usher.core.Secret|string
---@return boolean
function core.secret.equal(a, b) end

---@class usher.core.Secret
local Secret = {}
---A copy as a Lua string, which cannot be cleansed: at the last moment only.
---@return string
function Secret:reveal() end
---The same without one newline, LF or CR LF, at the end.
---@return usher.core.Secret
function Secret:without_newline() end
---Cleanses now. Idempotent; every other method raises from then on. `#secret` is the length in bytes,
---`tostring` gives `secret(...)`.
function Secret:close() end

---Digests raise only where OpenSSL refuses: no memory, or a policy that forbids MD5.
core.digest = {}
---RFC 1321. 16 raw bytes.
---@param bytes string
---@return string
function core.digest.md5(bytes) end
---FIPS 180-4. 20 raw bytes. For protocols that demand it.
---@param bytes string
---@return string
function core.digest.sha1(bytes) end
---FIPS 180-4. 32 raw bytes.
---@param bytes string
---@return string
function core.digest.sha256(bytes) end
---RFC 2104 with SHA-256. 32 raw bytes.
---@param key usher.core.Secret|string
---@param bytes string
---@return string
function core.digest.hmac_sha256(key, bytes) end

core.aead = {}
---AES-256-GCM (NIST SP 800-38D). `key` 32 bytes, else bad_key; `nonce` 12 bytes, else invalid_argument;
---texts under 2 GiB, else limit.
---@param key usher.core.Secret|string
---@param nonce string
---@param plaintext string
---@param associated string
---@return string? sealed ciphertext and the 16 bytes of the tag
---@return usher.Error? err
function core.aead.seal(key, nonce, plaintext, associated) end
---Nothing is handed out before the tag has been verified: bad_seal.
---@param key usher.core.Secret|string
---@param nonce string
---@param sealed string
---@param associated string
---@return string? plaintext
---@return usher.Error? err
function core.aead.open(key, nonce, sealed, associated) end

core.cbc = {}
---AES-256-CBC (NIST SP 800-38A) without padding. `key` 32 bytes, else bad_key; `iv` 16 bytes and the text whole blocks
---of 16, else invalid_argument. Protects against no change: verify a signature first.
---@param key usher.core.Secret|string
---@param iv string
---@param plaintext string
---@return string? ciphertext
---@return usher.Error? err
function core.cbc.encrypt(key, iv, plaintext) end
---@param key usher.core.Secret|string
---@param iv string
---@param ciphertext string
---@return string? plaintext
---@return usher.Error? err
function core.cbc.decrypt(key, iv, ciphertext) end

core.signature = {}
---Signs as JSON Web Algorithms (RFC 7518) do: ES256 gives r and s, 32 bytes each. `key` is an unencrypted private key
---in PEM, on P-256 or RSA of at least 2048 bits, else bad_key.
---@param algorithm "ES256"|"RS256"
---@param key usher.core.Secret|string
---@param bytes string
---@return string? signature
---@return usher.Error? err
function core.signature.sign(algorithm, key, bytes) end
---Whether a signature is genuine. `key` is a public key in PEM.
---@param algorithm "ES256"|"RS256"
---@param key usher.core.Secret|string
---@param bytes string
---@param signature string
---@return boolean? is_valid
---@return usher.Error? err bad_key
function core.signature.verify(algorithm, key, bytes, signature) end
