-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local account = require "usher.provider.account"
local deferred = require "usher.config.deferred"
local jose_keys = require "spec.support.jose_keys"
local keys = require "usher.provider.oauth2.keys"
local oauth2 = require "usher.provider.oauth2"

local function message_of(options)
  options.client_id = options.client_id or "c1"
  local finding = account.check(account.new(oauth2, options), "acme")[1]
  return finding and finding.message
end

describe("keys of OAuth 2.0", function()
  it("know no grant that hands a person's password or a token through a browser", function()
    for _, grant in ipairs { "password", "implicit", "token" } do
      assert.is_false((keys.KEYS.grant.value.check(grant)))
    end
  end)

  it("have an example that is allowed, and say what they are", function()
    for name, key in pairs(keys.KEYS) do
      assert.is_string(key.what)
      local example = key.example
      if type(example) == "string" and example:find "^{" then
        example = assert(load("return " .. example))()
      elseif name == "private_key" then
        example = jose_keys.ES256.private
      end
      assert.is_true(key.value.check(example), name)
    end
  end)

  for index, options in ipairs {
    { service = "google" },
    { issuer = "https://as.example", client_secret = "s" },
    { token_endpoint = "https://as/t", authorization_endpoint = "https://as/a?x=1" },
    { token_endpoint = "https://as/t", grant = "client_credentials", client_secret = deferred.env "NONE" },
    {
      issuer = "https://as.example",
      grant = "client_credentials",
      private_key = jose_keys.RS256.private,
      signing_algorithm = "RS256",
    },
    { service = "github", grant = "device_code" },
  } do
    it("fit together, case " .. index, function()
      assert.is_nil(message_of(options))
    end)
  end

  local faults = {
    { {}, "token_endpoint is required, or issuer, or a service that has it" },
    {
      { token_endpoint = "https://as/t" },
      "authorization_endpoint is required, or issuer, or a service that has it",
    },
    {
      { service = "slack", grant = "device_code" },
      "device_authorization_endpoint is required, or issuer, or a service that has it",
    },
    {
      { service = "google", client_auth = "client_secret_post" },
      "client_secret is required for client_secret_post",
    },
    {
      { service = "google", client_auth = "private_key_jwt" },
      "private_key is required for private_key_jwt",
    },
    {
      { service = "zoom", grant = "client_credentials" },
      "client_secret or private_key is required: the client's own",
    },
    { { service = "google", private_key = jose_keys.RS256.private }, "private_key is no key for ES256" },
    { { service = "gogle" }, 'service "gogle" is not allowed; allowed: github, gitlab, google' },
    { { service = "google", grant = "implicit" }, 'grant "implicit" is not allowed' },
    { { token_endpoint = "http://as/t" }, 'token_endpoint "http://as/t" is plain http to another machine' },
    { { service = "google", parameters = { 5 } }, "parameters" },
    {
      { service = "google", private_key = "key" },
      "private_key is not allowed; allowed: a private key in PEM",
    },
    {
      { service = "google", skope = "read" },
      "skope is not a known key; the nearest known key is accounts.acme.scope",
    },
  }
  for _, case in ipairs(faults) do
    it("are found wrong: " .. case[2], function()
      local expected = "accounts.acme." .. case[2]
      assert.are.equal(expected, (message_of(case[1]) or ""):sub(1, #expected))
    end)
  end
end)
