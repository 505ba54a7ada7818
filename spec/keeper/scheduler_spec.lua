-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local fake_clock = require "spec.support.fake_clock"
local scheduler = require "usher.keeper.scheduler"

local function new()
  local self = { clock = fake_clock.new(1000000, 0), due = {}, names = {}, jumps = {} }
  self.scheduler = scheduler.new {
    clock = self.clock,
    on_due = function(name)
      table.insert(self.names, name)
      self.due[name] = self.clock:boot()
      if self.on_due then
        self.on_due(name)
      end
    end,
    on_jump = function(seconds)
      table.insert(self.jumps, seconds)
    end,
  }
  finally(function()
    self.scheduler:stop()
  end)
  self.scheduler:start()
  self.clock:advance(0)
  return self
end

describe("scheduler", function()
  local cases = {
    { "calls at the time set", { { "a", 30 } }, { a = 30 } },
    { "calls at once what is overdue", { { "a", -5 } }, { a = 0 } },
    { "calls later than its longest sleep", { { "a", 150 } }, { a = 150 } },
    { "replaces what was set by an earlier time", { { "a", 30 }, { "a", 10 } }, { a = 10 } },
    { "replaces what was set by a later time", { { "a", 10 }, { "a", 30 } }, { a = 30 } },
    { "calls not at all without a time", { { "a", 10 }, { "b", 20 }, { "a", nil } }, { b = 20 } },
    { "keeps names apart", { { "a", 20 }, { "b", 10 } }, { a = 20, b = 10 } },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local rig = new()
      for _, set in ipairs(case[2]) do
        rig.scheduler:set(set[1], set[2])
      end
      rig.clock:advance(200)
      assert.are.same(case[3], rig.due)
    end)
  end

  it("goes on after a call that fails, and calls the same again in a minute", function()
    local rig, audit = new(), require "spec.support.audit"
    function rig.on_due(name)
      rig.on_due = nil
      error("no luck with " .. name)
    end
    rig.scheduler:set("a", 10)
    rig.scheduler:set("b", 20)
    rig.clock:advance(30)
    assert.are.same({ "a", "b" }, rig.names)
    assert.matches("no luck with a", audit.take_failures()[1])
    rig.clock:advance(60)
    assert.are.same({ "a", "b", "a" }, rig.names)
  end)

  it("calls once for each time set", function()
    local rig = new()
    rig.scheduler:set("a", 10)
    rig.clock:advance(300)
    assert.are.same({ "a" }, rig.names)
  end)

  it("calls the most urgent first of those due at once, each at a time of its own", function()
    local rig = new()
    for name, urgency in pairs { late = 50, first = -10, second = 0 } do
      rig.scheduler:set(name, 10, urgency)
    end
    rig.scheduler:set("last", 10)
    rig.clock:advance(20)
    assert.are.same({ "first", "second", "late", "last" }, rig.names)
    assert.is_true(rig.due.first < rig.due.second and rig.due.second < rig.due.late)
  end)

  it("calls whatever is due within a minute", function()
    local rig = new()
    for index = 1, 2000 do
      rig.scheduler:set("a" .. index, 10, index)
    end
    rig.clock:advance(10 + 61)
    assert.are.equal(2000, #rig.names)
    assert.is_true(rig.due.a2000 > 10 + 50)
  end)

  it("lets what has just happened go before what is overdue", function()
    local rig = new()
    for _, name in ipairs { "a", "b", "c" } do
      rig.scheduler:set(name, 10, 1)
    end
    rig.on_due = function(name)
      if name == "a" then
        rig.scheduler:set("new", rig.clock:boot(), 100)
        rig.scheduler:set("b", nil)
      end
    end
    rig.clock:advance(20)
    assert.are.same({ "a", "new", "c" }, rig.names)
  end)

  it("wakes at least once a minute", function()
    local rig = new()
    for count = 1, 10 do
      rig.clock:step_wall(10)
      rig.clock:advance(60)
      assert.are.equal(count, #rig.jumps)
    end
  end)

  local jumps = { { 3600, { 3600 } }, { -3600, { -3600 } }, { 0.5, {} } }
  for _, case in ipairs(jumps) do
    it(("tells of a wall clock set by %s s: %d times"):format(case[1], #case[2]), function()
      local rig = new()
      rig.clock:step_wall(case[1])
      rig.clock:advance(180)
      assert.are.same(case[2], rig.jumps)
    end)
  end

  it("catches up with what sleep or a set clock has made late, when it is told to", function()
    local rig = new()
    rig.scheduler:set("a", 30)
    rig.scheduler:catch_up()
    assert.are.same({}, rig.due)
    rig.clock:suspend(3600)
    rig.scheduler:catch_up()
    assert.are.same({ a = 3600 }, rig.due)
    rig.clock:step_wall(-50)
    rig.scheduler:catch_up()
    assert.are.same({ -50 }, rig.jumps)
    rig.scheduler:catch_up()
    assert.are.equal(1, #rig.jumps)
    rig.scheduler:stop()
    rig.clock:suspend(3600)
    rig.scheduler:catch_up()
    assert.are.same({ "a" }, rig.names)
  end)

  it("calls nothing once stopped, not even from a call", function()
    local rig = new()
    rig.on_due = function()
      rig.scheduler:stop()
    end
    rig.scheduler:set("a", 10)
    rig.scheduler:set("b", 10)
    rig.clock:advance(10)
    assert.are.equal(0, rig.clock:armed())
    rig.clock:advance(200)
    assert.are.equal(1, #rig.names)
  end)
end)
