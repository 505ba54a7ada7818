-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local fake_clock = require "spec.support.fake_clock"
local waiters = require "usher.keeper.waiters"

describe("waiters", function()
  local clock, subject, gone

  before_each(function()
    clock, subject, gone = fake_clock.new(), waiters.new(), {}
  end)

  -- A task that notes when it goes on.
  local function wait(name, seconds)
    local task = core.loop:spawn(function()
      subject:wait(clock, seconds)
      gone[name] = clock:boot() - 1000
    end)
    clock:advance(0)
    return task
  end

  it("each leave when their time is up", function()
    wait("short", 5)
    wait("long", 20)
    assert.are.equal(2, subject:count())
    clock:advance(10)
    assert.are.same({ short = 5 }, gone)
    assert.are.equal(1, subject:count())
    clock:advance(10)
    assert.are.same({ short = 5, long = 20 }, gone)
    assert.are.equal(0, subject:count())
  end)

  it("all go on when woken, and leave no timer", function()
    wait("a", 5)
    wait("b", 20)
    clock:advance(2)
    subject:wake()
    clock:advance(0)
    assert.are.same({ a = 2, b = 2 }, gone)
    assert.are.same({ 0, 0 }, { subject:count(), clock:armed() })
  end)

  it("are not woken by what was before them", function()
    subject:wake()
    wait("late", 5)
    assert.are.same({}, gone)
    clock:advance(5)
    assert.are.same({ late = 5 }, gone)
  end)

  it("can be woken twice", function()
    wait("a", 5)
    subject:wake()
    subject:wake()
    clock:advance(0)
    assert.are.same({ a = 0 }, gone)
  end)

  it("leave when their task is closed", function()
    wait("closed", 5):close()
    clock:advance(0)
    assert.are.same({ 0, 0 }, { subject:count(), clock:armed() })
    assert.are.same({}, gone)
  end)
end)
