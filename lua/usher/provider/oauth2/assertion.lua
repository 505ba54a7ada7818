-- SPDX-License-Identifier: MIT
-- The signed assertion by which a client proves itself (RFC 7523): a JSON Web Token that is good for one request. Pure.

local core = require "usher.core"
local json = require "usher.json"

local assertion = {}

--- RFC 7523, 2.2.
assertion.TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

local LIFE = 60
local ID_BYTES = 16

local encode = core.encoding.base64url_encode

--- A new assertion. Raises where the key is none for the algorithm.
---@param config table with `client_id` and `private_key`
---@param audience string
---@param context usher.provider.Context
---@return string
function assertion.new(config, audience, context)
  local algorithm = config.signing_algorithm or "ES256"
  local header = { alg = algorithm, typ = "JWT", kid = config.key_id }
  local claims = {
    iss = config.client_id,
    sub = config.client_id,
    aud = audience,
    jti = encode(context.random(ID_BYTES)),
    iat = context.now,
    exp = context.now + LIFE,
  }
  local input = encode(json.encode(header)) .. "." .. encode(json.encode(claims))
  return input .. "." .. encode(assert(core.signature.sign(algorithm, config.private_key, input)))
end

return assertion
