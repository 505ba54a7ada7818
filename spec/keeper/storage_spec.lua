-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local errors = require "usher.errors"
local fake_clock = require "spec.support.fake_clock"
local recorder = require "spec.support.recorder"
local storage = require "usher.keeper.storage"

local DOWN = errors.new("no_space", "cannot write")

-- A store that is checked at the times in `checks`, and answers `answer`.
local function scene()
  local log, lines = recorder.new()
  local self = { clock = fake_clock.new(), lines = lines, checks = {}, ups = 0, answer = DOWN }
  self.storage = storage.new {
    clock = self.clock,
    log = log,
    store = {
      check = function()
        table.insert(self.checks, self.clock:boot() - 1000)
        return not self.answer, self.answer
      end,
    },
    spawn = function(...)
      core.loop:spawn(...)
    end,
    on_up = function()
      self.ups = self.ups + 1
      if self.on_up then
        self.on_up()
      end
    end,
  }
  finally(function()
    self.storage:stop()
    assert.are.equal(0, self.clock:armed())
  end)
  return self
end

describe("storage", function()
  it("asks nothing while the store answers", function()
    local here = scene()
    for _, code in ipairs { "conflict", "held", "budget_exhausted", "forbidden", "repeat", "invalid_argument" } do
      here.storage:note(errors.new(code))
    end
    here.storage:note(nil)
    here.clock:advance(1000)
    assert.is_true(here.storage:is_up())
    assert.are.same({}, here.checks)
    assert.are.same({}, here.lines)
  end)

  it("does not take one account's damaged record for the store", function()
    local here = scene()
    here.storage:note(errors.new("store_corrupt", nil, { record = "tokens" }))
    assert.is_true(here.storage:is_up())
    here.storage:note(errors.new "store_corrupt")
    assert.is_false(here.storage:is_up())
  end)

  it("asks a store that is down soon, then less often", function()
    local here = scene()
    here.storage:note(DOWN)
    here.storage:note(DOWN)
    here.clock:advance(100)
    assert.are.same({ 1, 3, 7, 15, 31, 61, 91 }, here.checks)
    assert.are.equal(0, here.ups)
  end)

  it("tells once that the store is back, and begins anew when it goes again", function()
    local here = scene()
    here.storage:note(DOWN)
    here.clock:advance(10)
    here.answer = nil
    here.clock:advance(10)
    assert.is_true(here.storage:is_up())
    here.answer = DOWN
    here.storage:note(DOWN)
    here.clock:advance(1)
    assert.are.same({ 1, 3, 7, 15, 21 }, here.checks)
    assert.are.equal(1, here.ups)
    assert.are.same({
      { level = "error", event = "store_down", error = "no_space", reason = "cannot write" },
      { level = "info", event = "store_up" },
      { level = "error", event = "store_down", error = "no_space", reason = "cannot write" },
    }, here.lines)
  end)

  it("asks less and less often one that fails at what follows whenever it is up", function()
    local here = scene()
    here.storage:note(DOWN)
    here.answer = nil
    here.on_up = function()
      here.storage:note(DOWN)
    end
    here.clock:advance(100)
    assert.are.same({ 1, 3, 7, 15, 31, 61, 91 }, here.checks)
  end)

  it("asks no more where another call has shown that the store is back", function()
    local here = scene()
    here.storage:note(DOWN)
    here.storage:note(nil)
    here.clock:advance(100)
    assert.are.same({}, here.checks)
    assert.are.equal(1, here.ups)
  end)
end)
