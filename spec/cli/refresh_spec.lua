-- SPDX-License-Identifier: MIT
local api_server = require "spec.support.api_server"
local errors = require "usher.errors"

local server

local function answer(...)
  server.keeper.answers.refresh = { ... }
  return server:usher { "refresh", "acme" }
end

describe("usher refresh", function()
  before_each(function()
    server = api_server.open()
  end)

  it("says that the token was refreshed, and does not show it", function()
    local status, out = answer { access_token = "tok-2", expires_in = 7200, refreshed = true }
    assert.are.equal(0, status)
    assert.are.equal("refreshed: valid for 7200 s\n", out)
    assert.are.same({ "refresh", "acme", {} }, server.keeper.calls[1])
  end)

  it("ends with 75 where the attempt failed but the old token lives", function()
    local status, out, err = answer { access_token = "tok-1", expires_in = 60, refreshed = false }
    assert.are.equal(75, status)
    assert.are.equal("", out)
    assert.are.equal("usher: not refreshed; the current token is valid for 60 s\n", err)
  end)

  it("ends with the failure's code otherwise", function()
    assert.are.equal(75, (answer(nil, errors.new "budget_exhausted")))
    assert.are.equal(77, (answer(nil, errors.new "reauthorization_required")))
    assert.are.equal(64, (server:usher { "refresh", "nobody" }))
  end)
end)
