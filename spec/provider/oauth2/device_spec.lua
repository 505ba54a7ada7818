-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local device = require "usher.provider.oauth2.device"
local json = require "usher.json"

local CONFIG = {
  client_id = "c1",
  grant = "device_code",
  scope = "read",
  token_endpoint = "https://as/token",
  device_authorization_endpoint = "https://as/device",
}

local function begin(body, status)
  local response = body and { status = status or 200, headers = {}, body = json.encode(body) }
  return device.begin(CONFIG, { now = 0, random = core.random.bytes, response = response })
end

local function answer(changes)
  local body =
    { device_code = "d1", user_code = "WDJB-MJHT", verification_uri = "https://as/enter", expires_in = 1800 }
  for name, value in pairs(changes or {}) do
    body[name] = value ~= "absent" and value or nil
  end
  return body
end

describe("the device grant", function()
  it("begins with a request", function()
    local begun = begin()
    assert.are.equal("https://as/device", begun.request.url)
    assert.are.equal("client_id=c1&scope=read", begun.request.body)
  end)

  it("cannot begin without an endpoint", function()
    local _, err = device.begin({ client_id = "c1" }, { random = core.random.bytes, metadata = {} })
    assert.are.equal("bad_configuration", err.code)
  end)

  it("tells page, code and interval", function()
    assert.are.same({
      url = "https://as/enter",
      user_code = "WDJB-MJHT",
      expires_in = 1800,
      interval = 5,
      pending = { device_code = "d1" },
    }, begin(answer()))
    assert.are.equal(10, begin(answer { interval = 10 }).interval)
    assert.are.equal(1800, begin(answer { interval = 86400 }).interval)
    assert.are.equal(1, begin(answer { interval = 0 }).interval)
    local google = answer { verification_uri = "absent", verification_url = "https://www.google.com/device" }
    assert.are.equal("https://www.google.com/device", begin(google).url)
  end)

  for name, value in pairs {
    verification_uri = "javascript:alert(1)",
    user_code = "two\nlines",
    device_code = "absent",
  } do
    it("does not take an answer whose " .. name .. " is none", function()
      local begun, err = begin(answer { [name] = value })
      assert.are.same({ nil, "temporarily_unavailable" }, { begun, err.code })
    end)
  end

  it("tells that the client is refused", function()
    local begun, err = begin({ error = "unauthorized_client" }, 400)
    assert.are.same({ nil, "bad_configuration" }, { begun, err.code })
  end)

  it("polls with the device code", function()
    local request = device.poll(CONFIG, { device_code = "d1" }, { now = 0, random = core.random.bytes })
    assert.are.equal("https://as/token", request.url)
    assert.are.equal(
      "client_id=c1&device_code=d1&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code",
      request.body
    )
  end)
end)
