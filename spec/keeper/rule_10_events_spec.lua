-- SPDX-License-Identifier: MIT
-- Rule 10: events follow the durable write; missed pushes are noticed.
require "spec.support.paths"
local keeper_rig = require "spec.support.keeper_rig"
local memories_ai = require "usher.provider.memories_ai"

local faults = keeper_rig.faults

describe("rule 10: events", function()
  it("tells of a push and of a token once they are on disk", function()
    local rig = keeper_rig.new()
    local seen = {}
    rig.on_event = function(event)
      local record = rig:record()
      table.insert(seen, { event.event, #record.pushes, record.version })
    end
    rig:start()
    rig:push()
    rig:advance(1)
    assert.are.same({ { "push_received", 1, 0 }, { "token_refreshed", 0, 1 } }, seen)
    rig:stop()
  end)

  it("shows no secret", function()
    local rig = keeper_rig.ready()
    local token = rig:token().access_token
    for _, event in ipairs(rig.events) do
      for _, value in pairs(event) do
        assert.are_not.equal(token, value)
      end
    end
    rig:stop()
  end)

  it("tells once of a missed push, and again after the next has come and gone", function()
    local rig = keeper_rig.ready()
    rig:advance(899)
    assert.are.equal(0, rig:told "push_missed")
    rig:advance(2)
    assert.are.equal(1, rig:told "push_missed")
    rig:advance(3600)
    assert.are.equal(1, rig:told "push_missed")
    rig:push()
    rig:advance(901)
    assert.are.equal(2, rig:told "push_missed")
    rig:stop()
  end)

  it("asks for a push where the provider can be asked", function()
    local nudged = 0
    local script = setmetatable({
      nudge = function()
        nudged = nudged + 1
        return { method = "POST", url = "http://simulator/nudge" }
      end,
    }, { __index = memories_ai })
    local rig = keeper_rig.new({ provider = script }):start()
    local function after(seconds, count)
      rig:advance(seconds)
      assert.are.equal(count, nudged)
    end
    after(1, 0)
    after(2, 1) -- a credential is wanted
    after(590, 1)
    after(10, 2) -- and still wanted, ten minutes later
    rig:push()
    after(890, 2)
    after(30, 3) -- a push is missed
    after(3600, 3)
    rig:stop()
  end)

  it("says when a person must act, keeps serving, and tells of the recovery", function()
    local rig = keeper_rig.ready()
    rig:fail_next("refresh", faults.envelope "0401")
    rig:advance(5900)
    assert.are.equal(1, rig:told "reauthorization_required")
    assert.are.equal("reauthorization_required", rig:document().status)
    assert.matches("authorize again", rig:document().needs)
    assert.truthy(rig:token())
    rig:advance(1400)
    assert.are.equal("reauthorization_required", select(2, rig:token()).code)
    rig:push()
    rig:advance(1)
    assert.are.equal(1, rig:told "recovered")
    assert.are.equal("ready", rig:document().status)
    rig:stop()
  end)

  it("does not ask for a person while pushes come", function()
    local rig = keeper_rig.ready()
    rig:push_every(600)
    rig:fail_always("refresh", faults.envelope "0401")
    rig:fail_always("exchange", faults.envelope "0401")
    rig:advance(4 * 3600)
    assert.are.equal(0, rig:told "reauthorization_required")
    rig:stop()
  end)

  it("goes on where a handler raises or waits", function()
    local audit = require "spec.support.audit"
    local rig = keeper_rig.new()
    rig.on_event = function(event)
      rig.clock:sleep(5)
      error("a handler of " .. event.event)
    end
    rig:start()
    rig:push()
    rig:advance(1)
    assert.truthy(rig:token())
    rig:advance(10)
    assert.are.equal(2, #audit.take_failures())
    rig:stop()
  end)
end)
