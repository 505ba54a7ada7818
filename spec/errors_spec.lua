-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local errors = require "usher.errors"

describe("errors", function()
  it("makes an error with the code's own message", function()
    local err = errors.new "timeout"
    assert.are.same({ "timeout", "timed out", true }, { err.code, err.message, err.retryable })
    assert.are.equal("timeout: timed out", tostring(err))
  end)

  it("takes a message and further fields", function()
    local err = errors.new("budget_exhausted", "no refresh left today", { retry_after = 60 })
    assert.are.equal("budget_exhausted: no refresh left today", tostring(err))
    assert.are.equal(60, err.retry_after)
  end)

  it("returns nil first", function()
    local value, err = errors.fail "held"
    assert.is_nil(value)
    assert.are.equal("held", err.code)
  end)

  it("raises on a code outside of the list", function()
    assert.has_error(function()
      errors.new "no_such_code"
    end)
  end)
end)
