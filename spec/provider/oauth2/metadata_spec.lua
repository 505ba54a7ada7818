-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local json = require "usher.json"
local metadata = require "usher.provider.oauth2.metadata"

local ISSUER = "https://as.example/tenant"

local function read(changes, status)
  local body = { issuer = ISSUER, token_endpoint = "https://as.example/token" }
  for name, value in pairs(changes or {}) do
    body[name] = value
  end
  return metadata.read(
    { status = status or 200, headers = {}, body = json.encode(body) },
    { issuer = ISSUER }
  )
end

describe("metadata", function()
  it("is asked for where OpenID Connect has it, then where RFC 8414 has it", function()
    local config = { issuer = ISSUER .. "/" }
    assert.are.same({
      method = "GET",
      url = "https://as.example/tenant/.well-known/openid-configuration",
      headers = { Accept = "application/json" },
    }, metadata.request(config, 1))
    assert.are.equal(
      "https://as.example/.well-known/oauth-authorization-server/tenant",
      metadata.request(config, 2).url
    )
    assert.are.equal(
      "https://as.example/.well-known/oauth-authorization-server",
      metadata.request({ issuer = "https://as.example" }, 2).url
    )
    assert.is_nil(metadata.request(config, 3))
  end)

  it("is not asked for where it is not needed", function()
    assert.is_nil(metadata.request({ service = "google" }, 1))
    local config = { issuer = ISSUER, token_endpoint = "https://as.example/token" }
    config.authorization_endpoint = "https://as.example/authorize"
    assert.is_nil(metadata.request(config, 1))
    config.authorization_endpoint, config.grant = nil, "client_credentials"
    assert.is_nil(metadata.request(config, 1))
  end)

  it("is asked for where only some of what the grant needs is configured", function()
    local config = { issuer = ISSUER, token_endpoint = "https://as.example/token" }
    assert.is_table(metadata.request(config, 1))
    config.grant = "device_code"
    assert.is_table(metadata.request(config, 1))
  end)

  it("is what the issuer says of itself", function()
    assert.are.equal("https://as.example/token", read().token_endpoint)
  end)

  local faults = {
    { "of another issuer", { issuer = "https://as.example" }, 200, "bad_configuration" },
    { "of no issuer", { issuer = json.null }, 200, "bad_response" },
    { "without a place for tokens", { token_endpoint = json.null }, 200, "bad_response" },
    { "with an error's status", {}, 404, "bad_response" },
    { "with an endpoint in clear", { token_endpoint = "http://as.example/token" }, 200, "bad_response" },
    { "with an endpoint that is no URL", { revocation_endpoint = 5 }, 200, "bad_response" },
    {
      "with an endpoint for a program",
      { authorization_endpoint = "javascript:alert(1)" },
      200,
      "bad_response",
    },
  }
  for _, case in ipairs(faults) do
    it("is not taken where it is " .. case[1], function()
      local body, err = read(case[2], case[3])
      assert.is_nil(body)
      assert.are.equal(case[4], err.code)
    end)
  end
end)
