-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local clock = require "usher.clock"
local core = require "usher.core"
local fake_clock = require "spec.support.fake_clock"

describe("clock", function()
  it("waits for a future no longer than told", function()
    local system = clock.system()
    local value, err = system:wait(core.future.new(), 0.01)
    assert.is_nil(value)
    assert.are.equal("timeout", err.code)
  end)

  it("gives a future's values when they come first", function()
    local future = core.future.new()
    future:resolve("a", "b")
    assert.are.same({ "a", "b" }, { clock.system():wait(future, 10) })
  end)

  it("sleeps on real time", function()
    local system = clock.system()
    local start = system:boot()
    system:sleep(0.02)
    assert.is_true(system:boot() - start >= 0.019)
  end)
end)

describe("fake clock", function()
  it("fires timers in order while time passes", function()
    local fake, seen = fake_clock.new(1000, 0), {}
    for _, seconds in ipairs { 30, 10, 20 } do
      fake:timer(seconds, function()
        table.insert(seen, fake:wall())
      end)
    end
    fake:advance(25)
    assert.are.same({ 1010, 1020 }, seen)
    fake:advance(5)
    assert.are.same({ 1010, 1020, 1030 }, seen)
  end)

  it("lets tasks sleep on it", function()
    local fake, woke = fake_clock.new(0, 0), nil
    core.loop:spawn(function()
      fake:sleep(3600)
      woke = fake:boot()
    end)
    fake:advance(3599)
    assert.is_nil(woke)
    fake:advance(1)
    assert.are.equal(3600, woke)
  end)

  it("forgets a closed timer", function()
    local fake = fake_clock.new()
    local timer = fake:timer(1, error)
    timer:close()
    fake:advance(2)
    assert.are.equal(0, fake:armed())
  end)
end)
