-- SPDX-License-Identifier: MIT
local api_server = require "spec.support.api_server"
local core = require "usher.core"
local errors = require "usher.errors"

local PROMPT = { url = "https://as/authorize?state=s", expires_at = 1800000600 }
local PAGE = "Open this page, and allow access:\n\n    https://as/authorize?state=s\n\n"

local server

-- Runs the command against a keeper that gives these ends, one after another.
local function authorize(prompt, ...)
  server.keeper.answers.authorize = { prompt }
  server.keeper.answers.authorizations = { ... }
  return server:usher { "authorize", "acme" }
end

describe("usher authorize", function()
  before_each(function()
    server = api_server.open()
  end)

  it("tells where to decide, waits, and says that it succeeded", function()
    local status, out, err = authorize(
      PROMPT,
      { status = "pending" },
      { status = "exchanging" },
      { status = "succeeded" }
    )
    assert.are.same({ 0, PAGE .. "authorized\n", "" }, { status, out, err })
    assert.are.same({ "wait=30" }, { server.requests[2].query })
    assert.are.equal(4, #server.requests)
  end)

  it("tells the code that is to be entered", function()
    local prompt = { url = "https://as/device", user_code = "WDJB-MJHT\27[2J", expires_at = 1800000600 }
    local _, out = authorize(prompt, { status = "succeeded" })
    assert.matches("There, enter the code:  WDJB-MJHT?[2J\n", out, 1, true)
  end)

  local ends = {
    { "access_denied", "the provider says: access_denied", 77 },
    { "timeout", "nobody has decided in time", 75 },
    { "cancelled", "cancelled", 75 },
  }
  for _, case in ipairs(ends) do
    it(("ends with %d after %s"):format(case[3], case[1]), function()
      local failure = { code = case[1], message = case[2] }
      local status, out, err = authorize(PROMPT, { status = "failed", failure = failure })
      assert.are.same({ case[3], PAGE }, { status, out })
      assert.are.equal(("usher: not authorized: %s\n"):format(case[2]), err)
    end)
  end

  it("awaits the browser at a port of its own, and gives the gateway what it brings", function()
    local keeper, asked = server.keeper, {}
    function keeper.authorize(_, _, options)
      local uri = ("http://127.0.0.1:%d/callback"):format(options.loopback_port)
      core.loop:spawn(function()
        table.insert(
          asked,
          (assert(core.transfer.perform { method = "GET", url = uri .. "?code=c&state=s" }))
        )
      end)
      return { url = "https://as/authorize?state=s", redirect_uri = uri, expires_at = 1800000600 }
    end
    function keeper.authorization()
      return { status = server.redirects[1] and "succeeded" or "pending" }
    end
    local status, out, err = server:usher { "authorize", "acme", "--loopback" }
    assert.are.same({ 0, PAGE .. "authorized\n", "" }, { status, out, err })
    assert.are.same({ { "acme", "code=c&state=s" } }, server.redirects)
    assert.are.same({ 200, "Thank you." }, { asked[1].status, asked[1].body })
  end)

  it("needs no browser at its port for the device grant", function()
    local prompt = { url = "https://as/device", user_code = "WDJB", expires_at = 1800000600 }
    server.keeper.answers.authorize = { prompt }
    server.keeper.answers.authorizations = { { status = "succeeded" } }
    assert.are.equal(0, (server:usher { "authorize", "acme", "--loopback" }))
    assert.are.same({}, server.redirects)
  end)

  it("ends with 75 where the gateway has started anew meanwhile", function()
    local status, _, err = authorize(PROMPT, { status = "none" })
    assert.are.same({ 75, "usher: not authorized: the gateway has begun anew\n" }, { status, err })
  end)

  it("ends with the failure's code where nobody can be asked", function()
    server.keeper.answers.authorize = { nil, errors.new "not_implemented" }
    assert.are.equal(64, (server:usher { "authorize", "acme" }))
    server.keeper.answers.authorize = { nil, errors.new "bad_configuration" }
    assert.are.equal(78, (server:usher { "authorize", "acme" }))
    assert.are.equal(64, (server:usher { "authorize", "nobody" }))
  end)
end)
