-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local fake_clock = require "spec.support.fake_clock"
local json = require "usher.json"
local ledger = require "usher.simulator.ledger"

describe("ledger", function()
  it("numbers entries and times them", function()
    local clock = fake_clock.new(5000, 10)
    local subject = ledger.new { clock = clock }
    subject:add("push", { code = "x" })
    clock:advance(7)
    clock:step_wall(-100)
    subject:add("refresh", { verdict = "ok" })
    assert.are.same({
      { number = 1, kind = "push", at = 5000, elapsed = 0, code = "x" },
      { number = 2, kind = "refresh", at = 4907, elapsed = 7, verdict = "ok" },
    }, subject:after())
  end)

  it("hands each entry on, which can be a line of JSON", function()
    local lines = {}
    local subject = ledger.new {
      clock = fake_clock.new(5000, 10),
      on_entry = function(entry)
        table.insert(lines, ledger.line(entry))
      end,
    }
    subject:add("push", { code = "x" })
    assert.are.equal(1, #lines)
    assert.are.equal("\n", lines[1]:sub(-1))
    assert.are.same({ number = 1, kind = "push", at = 5000, elapsed = 0, code = "x" }, json.decode(lines[1]))
  end)

  it("gives pages", function()
    local subject = ledger.new { clock = fake_clock.new() }
    for index = 1, 5 do
      subject:add("push", { index = index })
    end
    local page = subject:after(1, 2)
    assert.are.same({ 2, 3, 2 }, { page[1].index, page[2].index, #page })
    assert.are.same({}, subject:after(5))
  end)

  it("keeps no more than its capacity", function()
    local subject = ledger.new { clock = fake_clock.new(), capacity = 3 }
    for index = 1, 5 do
      subject:add(index == 4 and "push" or "refresh", { verdict = index == 5 and "ok" or "0401" })
    end
    assert.are.equal(3, #subject:after())
    assert.are.equal(3, subject:after()[1].number)
    assert.are.same(
      { 1, 2, 1 },
      { subject:count "push", subject:count "refresh", subject:count("refresh", "ok") }
    )
  end)

  it("shows a fingerprint, not the code", function()
    assert.are.equal("ba7816bf8f01cfea", ledger.fingerprint "abc")
  end)
end)
