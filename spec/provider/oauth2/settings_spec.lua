-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local settings = require "usher.provider.oauth2.settings"

describe("settings of OAuth 2.0", function()
  local endpoints = {
    { "the operator's word first", { service = "gitlab", token_endpoint = "https://o/t" }, "https://o/t" },
    { "then the service's", { service = "gitlab" }, "https://gitlab.com/oauth/token" },
    {
      "of the operator's own instance",
      { service = "gitlab", base_url = "https://git.example/oauth/" },
      "https://git.example/oauth/token",
    },
    { "then the metadata's", {}, "https://metadata/token" },
  }
  for _, case in ipairs(endpoints) do
    it("take an endpoint: " .. case[1], function()
      local metadata = { token_endpoint = "https://metadata/token" }
      assert.are.equal(case[3], settings.endpoint(case[2], metadata, "token_endpoint"))
    end)
  end

  it("know no endpoint that nobody names", function()
    assert.is_nil(settings.endpoint({}, nil, "token_endpoint"))
    assert.is_nil(settings.endpoint({ service = "github" }, nil, "revocation_endpoint"))
  end)

  it("know the issuer of the operator or the service", function()
    assert.are.equal("https://i", settings.issuer { issuer = "https://i", service = "google" })
    assert.are.equal("https://accounts.google.com", settings.issuer { service = "google" })
    assert.is_nil(settings.issuer {})
  end)

  it("make parameters: fields over further ones, and each resource", function()
    local config = { resource = "https://a https://b" }
    assert.are.same(
      { scope = "read", prompt = "consent", resource = { "https://a", "https://b" } },
      settings.parameters(config, { scope = "read" }, { scope = "all", prompt = "consent" })
    )
    assert.are.same({ scope = "read" }, settings.parameters({}, { scope = "read" }))
  end)
end)
