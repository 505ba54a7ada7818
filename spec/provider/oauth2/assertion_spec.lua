-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local assertion = require "usher.provider.oauth2.assertion"
local core = require "usher.core"
local jose_keys = require "spec.support.jose_keys"
local json = require "usher.json"

local CONTEXT = {
  now = 1800000000,
  random = function(count)
    return ("\1"):rep(count)
  end,
}

local function decode(part)
  return assert(core.encoding.base64url_decode(part))
end

describe("assertion", function()
  for _, algorithm in ipairs { "ES256", "RS256" } do
    it("is a token that is good for a minute, signed with " .. algorithm, function()
      local config = {
        client_id = "usher-1",
        private_key = core.secret.new(jose_keys[algorithm].private),
        signing_algorithm = algorithm,
        key_id = "key-1",
      }
      local text = assertion.new(config, "https://as", CONTEXT)
      local header, claims, signature = text:match "^([%w_-]+)%.([%w_-]+)%.([%w_-]+)$"
      assert.are.same({ alg = algorithm, typ = "JWT", kid = "key-1" }, json.decode(decode(header)))
      assert.are.same({
        iss = "usher-1",
        sub = "usher-1",
        aud = "https://as",
        jti = "AQEBAQEBAQEBAQEBAQEBAQ",
        iat = 1800000000,
        exp = 1800000060,
      }, json.decode(decode(claims)))
      local input = header .. "." .. claims
      assert.is_true(core.signature.verify(algorithm, jose_keys[algorithm].public, input, decode(signature)))
    end)
  end

  it("is signed with ES256 unless told otherwise", function()
    local config = { client_id = "usher-1", private_key = jose_keys.ES256.private }
    local header = assertion.new(config, "https://as", CONTEXT):match "^[^.]+"
    assert.are.same({ alg = "ES256", typ = "JWT" }, json.decode(decode(header)))
  end)

  it("raises where the key is none for the algorithm", function()
    assert.has_error(function()
      assertion.new({ client_id = "usher-1", private_key = jose_keys.RS256.private }, "https://as", CONTEXT)
    end)
  end)
end)
