-- SPDX-License-Identifier: MIT
local sorted = require "usher.config.sorted"

describe("sorted", function()
  it("gives keys of any type in the order of their texts", function()
    assert.are.same({ 1, 10, 2, "a", "b" }, sorted.keys { b = 0, a = 0, [2] = 0, [10] = 0, [1] = 0 })
    assert.are.same({}, sorted.keys {})
  end)
end)
