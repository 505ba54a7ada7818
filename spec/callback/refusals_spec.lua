-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local fake_clock = require "spec.support.fake_clock"
local refusals = require "usher.callback.refusals"

describe("callback refusals", function()
  it("logs ten a minute, then says how many it kept back", function()
    local lines, clock = {}, fake_clock.new()
    local log = {
      warn = function(_, event, fields)
        table.insert(lines, { event = event, status = fields.status, suppressed = fields.suppressed })
      end,
    }
    local noted = refusals.new(log, clock)
    for _ = 1, 25 do
      noted:note { status = 403 }
    end
    assert.are.equal(10, #lines)
    clock:advance(59)
    noted:note { status = 403 }
    assert.are.equal(10, #lines)
    clock:advance(1)
    noted:note { status = 404 }
    noted:note { status = 404 }
    assert.are.same({ event = "callback_refused", status = 404, suppressed = 16 }, lines[11])
    assert.are.same({ event = "callback_refused", status = 404 }, lines[12])
  end)
end)
