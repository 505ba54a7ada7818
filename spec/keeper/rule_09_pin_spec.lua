-- SPDX-License-Identifier: MIT
-- Rule 9: the subject is pinned after the first successful exchange; another one later is refused and reported.
require "spec.support.paths"
local json = require "usher.json"
local keeper_rig = require "spec.support.keeper_rig"

describe("rule 9: pin", function()
  it("pins the subject of the first successful exchange, and keeps it over restarts", function()
    local rig = keeper_rig.ready()
    assert.are.equal(rig.simulator.options.client_id, rig:document().subject)
    rig:crash()
    rig:start()
    assert.are.equal(rig.simulator.options.client_id, rig:document().subject)
    rig:stop()
  end)

  it("pins nothing by a push alone", function()
    local rig = keeper_rig.new():start()
    rig:fail_always("exchange", keeper_rig.faults.status(503))
    rig:push("forged-code", "somebody")
    rig:advance(1)
    assert.are.equal(json.null, rig:document().subject)
    rig:stop()
  end)

  it("refuses another subject, and reports it without flooding the log", function()
    local rig = keeper_rig.ready()
    for number = 1, 100 do
      local ok, err = rig:push("forged-code-" .. number, "somebody")
      assert.is_nil(ok)
      assert.are.equal("forbidden", err.code)
    end
    rig:advance(61)
    rig:push("forged-code", "somebody")
    local counts = {}
    for _, line in ipairs(rig.lines) do
      if line.event == "push_refused" then
        table.insert(counts, line.count)
      end
    end
    assert.are.same({ 1, 100 }, counts)
    rig:stop()
  end)

  it("takes the configured subject from the start", function()
    local rig = keeper_rig.new({ subject = "me" }):start()
    assert.are.equal("me", rig:document().subject)
    assert.are.equal("forbidden", select(2, rig:push("code-1", "somebody")).code)
    rig:stop()
  end)

  it("sends the pinned subject, never the received one", function()
    local rig = keeper_rig.new({ subject = "me", simulator = { client_id = "me" } }):start()
    rig.keeper:offer("acme", { credential = select(2, rig.simulator:push()) })
    rig:advance(1)
    assert.are.equal("me", json.decode(rig.requests[1].body).clientId)
    rig:stop()
  end)

  it("forgets the tokens of another subject than the configured one", function()
    local rig = keeper_rig.ready()
    rig:stop()
    rig.options.subject = "me"
    rig:start()
    assert.is_nil((rig:token()))
    assert.is_nil(rig:record().token_set)
    rig:stop()
  end)
end)
