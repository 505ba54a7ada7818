-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local rolling_budget = require "usher.simulator.rolling_budget"

local DAY = 24 * 3600

describe("rolling budget", function()
  it("allows its limit and no more", function()
    local budget = rolling_budget.new(2)
    assert.are.same(
      { true, true, false, 2 },
      { budget:take(0), budget:take(1), budget:take(2), budget:used(2) }
    )
  end)

  it("opens when the oldest request is a day old", function()
    local budget = rolling_budget.new(2)
    budget:take(0)
    budget:take(10)
    assert.is_false(budget:take(DAY - 1))
    assert.is_true(budget:take(DAY))
    assert.is_false(budget:take(DAY + 9))
    assert.are.equal(1, budget:used(DAY + 10))
  end)

  it("does not count what it refused", function()
    local budget = rolling_budget.new(1)
    budget:take(0)
    budget:take(100)
    assert.is_true(budget:take(DAY))
  end)

  it("may be zero", function()
    assert.is_false(rolling_budget.new(0):take(0))
  end)
end)
