-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local interface = require "usher.provider.interface"
local keys = require "usher.provider.oauth2.keys"
local services = require "usher.provider.oauth2.services"
local settings = require "usher.provider.oauth2.settings"
local sorted = require "usher.config.sorted"
local values = require "usher.config.values"

local ENDPOINTS =
  { "authorization_endpoint", "token_endpoint", "device_authorization_endpoint", "revocation_endpoint" }

local FIELDS = {
  base_url = values.base_url,
  issuer = values.base_url,
  parameters = values.texts,
  client_auth = keys.KEYS.client_auth.value,
  own_grant = values.printable,
  token_type = values.printable,
  life = values.seconds,
  errors = values.texts,
}

describe("services", function()
  it("are those that are promised", function()
    assert.are.same({ "github", "gitlab", "google", "microsoft", "slack", "zoom" }, sorted.keys(services))
  end)

  for name, service in pairs(services) do
    it(name .. " has usable endpoints", function()
      local config = { service = name }
      for _, endpoint in ipairs(ENDPOINTS) do
        local url = settings.endpoint(config, nil, endpoint)
        assert.is_true(url == nil or values.endpoint.check(url), url)
        assert.is_nil(url and url:match "^http:")
      end
      assert.is_string(settings.endpoint(config, nil, "token_endpoint"))
      assert.is_string(settings.endpoint(config, nil, "authorization_endpoint"))
    end)

    it(name .. " has no field but those that are read", function()
      for field, value in pairs(service) do
        local is_endpoint = field:find "_endpoint$" ~= nil
        assert.is_true(is_endpoint or FIELDS[field].check(value), field)
      end
      for _, class in pairs(service.errors or {}) do
        assert.is_true(class == "grant" or interface.CLASSES[class])
      end
    end)
  end
end)
