-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local pusher = require "usher.simulator.pusher"
local simulation = require "spec.support.simulation"

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
end)
