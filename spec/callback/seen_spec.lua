-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local fake_clock = require "spec.support.fake_clock"
local seen = require "usher.callback.seen"

describe("seen", function()
  it("remembers what it was told, account by account", function()
    local subject = seen.new(fake_clock.new())
    assert.is_false(subject:has("acme", "id"))
    subject:add("acme", "id")
    assert.is_true(subject:has("acme", "id"))
    assert.is_false(subject:has("bolt", "id"))
    assert.is_false(subject:has("acme", "i"))
  end)

  it("knows nothing of what has no id", function()
    local subject = seen.new(fake_clock.new())
    subject:add("acme", nil)
    assert.is_false(subject:has("acme", nil))
  end)

  it("forgets after eight hours, counted from the first time", function()
    local clock = fake_clock.new()
    local subject = seen.new(clock)
    subject:add("acme", "id")
    clock:advance(8 * 3600 - 1)
    subject:add("acme", "id")
    assert.is_true(subject:has("acme", "id"))
    clock:advance(1)
    assert.is_false(subject:has("acme", "id"))
    subject:add("acme", "id")
    assert.is_true(subject:has("acme", "id"))
  end)

  it("keeps ten thousand", function()
    local subject = seen.new(fake_clock.new())
    for index = 1, 10001 do
      subject:add("acme", tostring(index))
    end
    assert.is_false(subject:has("acme", "1"))
    assert.is_true(subject:has("acme", "2"))
    assert.is_true(subject:has("acme", "10001"))
  end)
end)
