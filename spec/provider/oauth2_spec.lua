-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local interface = require "usher.provider.interface"
local json = require "usher.json"
local oauth2 = require "usher.provider.oauth2"

local CONTEXT = { now = 1800000000, random = core.random.bytes }

local function config_with(changes)
  local config = { client_id = "c1", token_endpoint = "https://as/token", scope = "read" }
  for name, value in pairs(changes or {}) do
    config[name] = value
  end
  return config
end

describe("oauth2", function()
  it("is a provider script", function()
    assert.is_true(interface.check(oauth2))
  end)

  it("exchanges a code with its verifier and redirect URI", function()
    local credential = json.encode { code = "c", code_verifier = "v", redirect_uri = "https://usher" }
    local request = oauth2.exchange(config_with { resource = "https://api" }, credential, CONTEXT)
    assert.are.equal(
      "client_id=c1&code=c&code_verifier=v&grant_type=authorization_code&redirect_uri=https%3A%2F%2Fusher"
        .. "&resource=https%3A%2F%2Fapi",
      request.body
    )
  end)

  it("has credentials of its own in one grant alone", function()
    assert.is_nil(oauth2.own_credential(config_with()))
    assert.is_nil(oauth2.own_credential(config_with { grant = "device_code" }))
    assert.is_string(oauth2.own_credential(config_with { grant = "client_credentials" }))
  end)

  it("obtains a token by the client's credentials", function()
    local config = config_with { grant = "client_credentials", client_secret = "s" }
    local request = oauth2.exchange(config, oauth2.own_credential(config), CONTEXT)
    assert.are.equal("grant_type=client_credentials&scope=read", request.body)
    config.service, config.token_parameters = "zoom", { account_id = "a1" }
    request = oauth2.exchange(config, oauth2.own_credential(config), CONTEXT)
    assert.are.equal("account_id=a1&grant_type=account_credentials&scope=read", request.body)
  end)

  it("refreshes where there is a refresh token", function()
    local config = config_with { resource = "https://a https://b" }
    assert.is_nil(oauth2.refresh(config, { access_token = "a" }, CONTEXT))
    assert.are.equal(
      "client_id=c1&grant_type=refresh_token&refresh_token=r&resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb",
      oauth2.refresh(config, { access_token = "a", refresh_token = "r" }, CONTEXT).body
    )
  end)

  it("has a person decide by the grant's way", function()
    local config = config_with {
      authorization_endpoint = "https://as/authorize",
      device_authorization_endpoint = "https://as/device",
      redirect_uri = "https://usher",
    }
    assert.matches("^https://as/authorize%?", oauth2.authorize(config, CONTEXT).url)
    config.grant = "device_code"
    assert.are.equal("https://as/device", oauth2.authorize(config, CONTEXT).request.url)
  end)

  it("revokes the refresh token, then the access token", function()
    local config = config_with { revocation_endpoint = "https://as/revoke" }
    local bodies = {}
    for index, request in ipairs(oauth2.revoke(config, { access_token = "a", refresh_token = "r" }, CONTEXT)) do
      assert.are.equal("https://as/revoke", request.url)
      assert.are.equal(index == 2, request.optional)
      bodies[index] = request.body
    end
    assert.are.same({
      "client_id=c1&token=r&token_type_hint=refresh_token",
      "client_id=c1&token=a&token_type_hint=access_token",
    }, bodies)
    local alone = oauth2.revoke(config, { access_token = "a" }, CONTEXT)
    assert.are.same({ 1, false }, { #alone, alone[1].optional })
    assert.is_nil(oauth2.revoke(config_with(), { access_token = "a" }, CONTEXT))
  end)
end)
