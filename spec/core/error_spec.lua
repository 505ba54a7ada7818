-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"

describe("the error list", function()
  it("gives every code under its own name with a message", function()
    local count = 0
    for name, err in pairs(core.errors) do
      count = count + 1
      assert.are.equal(name, err.code)
      assert.matches("^[%a][%w ,()'-]+$", err.message)
      assert.is_boolean(err.retryable)
    end
    assert.is_true(count > 40)
  end)

  it("tells what a later attempt may cure", function()
    for code, retryable in pairs { timeout = true, connect_failed = true, bad_seal = false, forbidden = false } do
      assert.are.equal(retryable, core.errors[code].retryable, code)
    end
  end)
end)
