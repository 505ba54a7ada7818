-- SPDX-License-Identifier: MIT
local api_server = require "spec.support.api_server"
local errors = require "usher.errors"

describe("usher revoke", function()
  local server

  before_each(function()
    server = api_server.open()
  end)

  it("says that the tokens were revoked", function()
    local status, out = server:usher { "revoke", "acme" }
    assert.are.same({ 0, "revoked\n" }, { status, out })
    assert.are.same({ "revoke", "acme" }, server.keeper.calls[1])
  end)

  for code, expected in pairs {
    temporarily_unavailable = 75,
    bad_configuration = 78,
    not_implemented = 64,
  } do
    it(("ends with %d after %s"):format(expected, code), function()
      server.keeper.answers.revoke = { nil, errors.new(code) }
      assert.are.equal(expected, (server:usher { "revoke", "acme" }))
    end)
  end

  it("ends with 64 for an unknown account", function()
    assert.are.equal(64, (server:usher { "revoke", "nobody" }))
  end)
end)
