-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"

describe("failure", function()
  it("is a table that people can read", function()
    local err = core.failure "held"
    assert.are.equal("held: another attempt is under way", tostring(err))
    assert.are.equal("held: by gateway 2", tostring(core.failure("held", "by gateway 2")))
  end)

  it("stays readable after somebody changed its fields", function()
    local err = core.failure "held"
    err.message = 42
    assert.are.equal("held: 42", tostring(err))
  end)

  it("refuses a code outside of the list", function()
    assert.has_error(function()
      core.failure "unheard_of"
    end, "bad argument #1 to 'failure' (no such error code)")
  end)
end)
