-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local audit = require "spec.support.audit"
local core = require "usher.core"
local events = require "usher.keeper.events"
local fake_clock = require "spec.support.fake_clock"
local recorder = require "spec.support.recorder"

local ACCOUNT = { name = "acme" }

local LEVELS = {
  budget_low = "warn",
  push_missed = "warn",
  push_received = "debug",
  reauthorization_required = "error",
  recovered = "info",
  token_refreshed = "info",
}

local function new_keeper(on_event)
  local log, lines = recorder.new()
  return { log = log, clock = fake_clock.new(1800000000.75), on_event = on_event }, lines
end

describe("events", function()
  it("have names, sorted", function()
    local names = {}
    for name in pairs(LEVELS) do
      table.insert(names, name)
    end
    table.sort(names)
    assert.are.same(names, events.NAMES)
  end)

  for name, level in pairs(LEVELS) do
    it(("log %s as %s"):format(name, level), function()
      local keeper, lines = new_keeper()
      events.emit(keeper, name, ACCOUNT, { version = 3 })
      assert.are.same({ { level = level, event = name, account = "acme", version = 3 } }, lines)
    end)
  end

  it("reach the handler with name and whole second", function()
    local seen = {}
    local keeper = new_keeper(function(event)
      table.insert(seen, event)
    end)
    local fields = { interval = 600 }
    events.emit(keeper, "push_missed", ACCOUNT, fields)
    events.emit(keeper, "recovered", ACCOUNT)
    assert.are.same({}, seen, "the handler ran within the keeper")
    keeper.clock:advance(0)
    assert.are.same({
      { event = "push_missed", account = "acme", at = 1800000000, interval = 600 },
      { event = "recovered", account = "acme", at = 1800000000 },
    }, seen)
    assert.are.equal("integer", math.type(seen[1].at))
    assert.are.same({ interval = 600 }, fields, "the caller's fields were changed")
  end)

  it("go on where a handler fails", function()
    local keeper, lines = new_keeper(function()
      error "the handler broke"
    end)
    events.emit(keeper, "recovered", ACCOUNT)
    keeper.clock:advance(0)
    assert.are.equal(1, #lines)
    assert.matches("the handler broke", table.concat(audit.take_failures()), 1, true)
  end)

  it("wait for no handler", function()
    local gate = core.future.new()
    local keeper, lines = new_keeper(function()
      gate:wait()
    end)
    events.emit(keeper, "recovered", ACCOUNT)
    events.emit(keeper, "recovered", ACCOUNT)
    keeper.clock:advance(0)
    assert.are.equal(2, #lines)
    gate:resolve()
    keeper.clock:advance(0)
  end)

  it("are none by another name", function()
    local keeper, lines = new_keeper()
    assert.has_error(function()
      events.emit(keeper, "unheard_of", ACCOUNT)
    end, "an unknown event")
    assert.are.same({}, lines)
  end)
end)
