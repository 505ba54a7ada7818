-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local assertion = require "usher.provider.oauth2.assertion"
local client = require "usher.provider.oauth2.client"
local core = require "usher.core"
local jose_keys = require "spec.support.jose_keys"

local function config_with(changes)
  local config = { client_id = "usher 1", token_endpoint = "https://as/token" }
  for name, value in pairs(changes or {}) do
    config[name] = value
  end
  return config
end

local function post(changes, metadata)
  local context = { now = 1800000000, random = core.random.bytes, metadata = metadata }
  return client.post(config_with(changes), context, "token_endpoint", { grant_type = "x" })
end

describe("client's method", function()
  local POST_ONLY = { token_endpoint_auth_methods_supported = { "client_secret_post", "none" } }
  local BOTH = { token_endpoint_auth_methods_supported = { "client_secret_post", "client_secret_basic" } }
  local cases = {
    { {}, nil, "none" },
    { { client_secret = "s" }, nil, "client_secret_basic" },
    { { client_secret = "s" }, {}, "client_secret_basic" },
    { { client_secret = "s" }, POST_ONLY, "client_secret_post" },
    { { client_secret = "s" }, BOTH, "client_secret_basic" },
    { { client_secret = "s", service = "github" }, nil, "client_secret_post" },
    { { client_secret = "s", private_key = "p" }, nil, "private_key_jwt" },
    { { client_secret = "s", client_auth = "none" }, POST_ONLY, "none" },
  }
  for index, case in ipairs(cases) do
    it(("is %s, case %d"):format(case[3], index), function()
      assert.are.equal(case[3], client.method(case[1], case[2]))
    end)
  end
end)

describe("client's request", function()
  it("names the client where there is no secret", function()
    local request = post()
    assert.are.same({
      method = "POST",
      url = "https://as/token",
      headers = { ["Content-Type"] = "application/x-www-form-urlencoded", Accept = "application/json" },
      body = "client_id=usher%201&grant_type=x",
    }, request)
  end)

  it("carries id and secret as Basic, each form-encoded first", function()
    local request = post { client_secret = core.secret.new "s:3 cret" }
    local pair = core.encoding.base64_decode(request.headers.Authorization:match "^Basic (.+)$")
    assert.are.same({ "usher%201:s%3A3%20cret", "grant_type=x" }, { pair, request.body })
  end)

  it("carries id and secret in the body", function()
    local request = post { client_secret = "s3cret", client_auth = "client_secret_post" }
    assert.are.equal("client_id=usher%201&client_secret=s3cret&grant_type=x", request.body)
    assert.is_nil(request.headers.Authorization)
  end)

  for _, case in ipairs {
    { "the issuer", { issuer = "https://issuer" }, "https://issuer" },
    { "the token endpoint, where no issuer is known", {}, "https://as/token" },
  } do
    it("carries an assertion for " .. case[1], function()
      case[2].private_key = jose_keys.ES256.private
      local request = post(case[2])
      local text = request.body:match "client_assertion=([^&]+)"
      local claims = core.encoding.base64url_decode(text:match "%.([^.]+)%.")
      assert.matches('"aud":"' .. case[3]:gsub("/", "\\/") .. '"', claims, 1, true)
      assert.matches(
        "client_assertion_type=" .. core.encoding.percent_encode(assertion.TYPE),
        request.body,
        1,
        true
      )
    end)
  end
end)
