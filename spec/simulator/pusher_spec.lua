-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local pusher = require "usher.simulator.pusher"
local simulation = require "spec.support.simulation"
local simulator = require "usher.simulator"

local function start(options)
  local subject, clock = simulation.new { push_interval = 600 }
  return pusher.start {
    simulator = subject,
    clock = clock,
    transfer = options.transfer,
    first_push = options.first_push,
  },
    subject,
    clock
end

describe("pusher", function()
  it("pushes every interval, delivered or not", function()
    local urls = {}
    local running, subject, clock = start {
      first_push = 1,
      transfer = function(request)
        table.insert(urls, request.url)
        if #urls == 2 then
          return nil, core.failure "connect_failed"
        end
        return { status = 200 }
      end,
    }
    clock:advance(1201)
    running:close()
    clock:advance(6000)
    assert.are.equal(3, #urls)
    local ends = {}
    for _, entry in ipairs(subject.ledger:after()) do
      table.insert(ends, entry.kind == "delivery" and (entry.status or entry.error) or entry.elapsed)
    end
    assert.are.same({ 1, 200, 601, "connect_failed", 1201, 200 }, ends)
  end)

  it("does not wait for a slow receiver", function()
    local running, subject, clock = start {
      transfer = function()
        return core.future.new():wait()
      end,
    }
    clock:advance(1800)
    assert.are.equal(3, subject.ledger:count "push")
    running:close()
    running:close()
    assert.are.equal(0, core.loop:tasks())
  end)

  it("pushes when asked", function()
    local running, subject, clock = start {
      transfer = function()
        return { status = 200 }
      end,
    }
    running:push()
    clock:advance(0)
    assert.are.equal(1, subject.ledger:count "delivery")
    running:close()
  end)

  local function deliveries_with(fault)
    local arrived = {}
    local running, subject, clock = start {
      first_push = 1,
      transfer = function(request)
        table.insert(arrived, request.url)
        return { status = 200 }
      end,
    }
    subject.faults:add(assert(simulator.parse_fault(fault)))
    clock:advance(1)
    local at_once = #arrived
    clock:advance(598)
    running:close()
    return at_once, arrived, subject
  end

  it("loses, delays and doubles pushes where told", function()
    local at_once, arrived, subject = deliveries_with "push:lost,count=1"
    assert.are.same({ 0, 0 }, { at_once, #arrived })
    assert.are.same({ "push", "lost" }, { subject.ledger:after()[1].kind, subject.ledger:after()[1].fault })
    at_once, arrived = deliveries_with "push:late,seconds=90"
    assert.are.same({ 0, 1 }, { at_once, #arrived })
    at_once, arrived = deliveries_with "push:doubled"
    assert.are.equal(2, at_once)
    assert.are.equal(arrived[1], arrived[2])
  end)

  it("delivers a forged push before the genuine one where told", function()
    local _, arrived, subject = deliveries_with "push:forged,client_id=mallory"
    assert.matches("&clientId=mallory&", arrived[1], 1, true)
    assert.are.equal(arrived[1]:match "state=(%w+)", arrived[2]:match "state=(%w+)")
    local forged = arrived[1]:match "code=([^&]+)"
    assert.are.equal("unknown_code", select(2, subject.grants:redeem(subject.options.client_id, forged, 0)))
    assert.are.equal(simulator.fingerprint(forged), subject.ledger:after()[2].code)
  end)
end)
