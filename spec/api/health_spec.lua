-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local health = require "usher.api.health"
local json = require "usher.json"

describe("api health", function()
  it("is live while it can answer", function()
    assert.are.equal(200, health.live().status)
  end)

  it("is ready where the gateway says so", function()
    local response = health.ready(function()
      return true
    end)
    assert.are.equal(200, response.status)
  end)

  it("says why it is not ready", function()
    local response = health.ready(function()
      return false, "the store does not answer"
    end)
    assert.are.equal(503, response.status)
    assert.are.equal("the store does not answer", json.decode(response.body).error_description)
  end)
end)
