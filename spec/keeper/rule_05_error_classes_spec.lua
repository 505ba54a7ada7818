-- SPDX-License-Identifier: MIT
-- Rule 5: only the provider's own word kills a refresh token or a credential; everything else is tried again, slower
-- and slower.
require "spec.support.paths"
local keeper_rig = require "spec.support.keeper_rig"

local faults = keeper_rig.faults

-- Boot times between the requests of a kind.
local function gaps(rig, kind)
  local times, found = {}, {}
  for _, request in ipairs(rig.requests) do
    if request.kind == kind then
      table.insert(times, request.at)
    end
  end
  for index = 2, #times do
    table.insert(found, times[index] - times[index - 1])
  end
  return found
end

local function error_of(rig)
  local last = rig:document().last_error
  return { last.class, last.code }
end

describe("rule 5: error classes", function()
  it("retries with half to whole of a doubling delay, up to ten minutes", function()
    local rig = keeper_rig.ready()
    rig:fail_always("refresh", faults.unsent())
    rig:advance(5900 + 3 * 3600)
    local longest = 2
    for _, gap in ipairs(gaps(rig, "refresh")) do
      assert.is_true(gap >= longest / 2 and gap <= longest + 1)
      longest = math.min(600, longest * 2)
    end
    assert.are.same({ "retryable", "connect_failed" }, error_of(rig))
    rig:stop()
  end)

  it("obeys Retry-After", function()
    local rig = keeper_rig.ready()
    rig:fail_next(
      "refresh",
      faults.status(503, { ["retry-after"] = "120" }),
      faults.status(503, { ["retry-after"] = "86400" })
    )
    rig:advance(5900 + 2 * 3600)
    local found = gaps(rig, "refresh")
    assert.is_true(found[1] >= 120 and found[1] < 122)
    assert.is_true(found[2] >= 3600 and found[2] < 3602)
    rig:stop()
  end)

  it("closes a kind for five minutes on a budget answer, doubling to an hour", function()
    local rig = keeper_rig.ready()
    rig:fail_always("refresh", faults.status(429))
    rig:advance(5900 + 4 * 3600)
    local found = gaps(rig, "refresh")
    for index, seconds in ipairs { 300, 600, 1200, 2400, 3600 } do
      assert.is_true(found[index] >= seconds and found[index] < seconds + 2)
    end
    rig:stop()
  end)

  it("counts closures anew after a success", function()
    local rig = keeper_rig.ready()
    rig:fail_next("refresh", faults.status(429), faults.status(429))
    rig:advance(5700 + 1500)
    rig:fail_next("refresh", faults.status(429))
    rig:advance(7200)
    local found = gaps(rig, "refresh")
    assert.is_true(found[1] < 302 and found[2] > 599 and found[#found] < 302)
    rig:stop()
  end)

  it("uses a pushed code where refreshing stays closed past the expiry", function()
    local rig = keeper_rig.ready()
    rig:push_every(600)
    rig:fail_always("refresh", faults.status(429, { ["retry-after"] = "3600" }))
    rig:advance(7200)
    assert.is_true(rig:accepts(assert(rig:token())))
    assert.are.same({ 2, 1 }, { rig:count "exchange", rig:count "refresh" })
    rig:stop()
  end)

  it("retries a refusal of the client itself hourly, whatever is pushed, and tells a person", function()
    local rig = keeper_rig.ready()
    rig:push_every(600)
    rig:fail_always("refresh", faults.envelope "0403")
    rig:advance(5900)
    assert.are.same({ "configuration", "0403" }, error_of(rig))
    assert.matches("check the account", rig:document().needs)
    rig:advance(3 * 3600)
    assert.are.equal(4, rig:count "refresh")
    rig:stop()
  end)

  it("keeps the old pair through everything but the provider's own word", function()
    for _, fault in ipairs {
      faults.status(401),
      faults.status(403, {}, "<html>"),
      faults.status(400, {}, '{"error":"invalid_client"}'),
      faults.envelope "0001",
    } do
      local rig = keeper_rig.ready()
      rig:fail_next("refresh", fault)
      rig:advance(7000)
      assert.are.same({ 1, 2 }, { rig:count "exchange", rig:count "refresh" })
      rig:stop()
    end
  end)

  it("takes invalid_grant for that word", function()
    local rig = keeper_rig.ready()
    rig:push_every(600)
    rig:fail_next("refresh", faults.status(400, {}, '{"error":"invalid_grant"}'))
    rig:advance(7000)
    assert.are.same({ 2, 1 }, { rig:count "exchange", rig:count "refresh" })
    rig:stop()
  end)

  it("ends the wait when a push comes", function()
    local rig = keeper_rig.new():start()
    rig:fail_next(
      "exchange",
      table.unpack((function()
        local many = {}
        for index = 1, 9 do
          many[index] = faults.unsent()
        end
        return many
      end)())
    )
    rig:push()
    rig:advance(700)
    assert.are.equal(9, rig:count "exchange")
    rig:push()
    rig:advance(1)
    assert.are.equal("ready", rig:document().status)
    rig:stop()
  end)

  it("survives a provider script that raises, and says so", function()
    local memories_ai = require "usher.provider.memories_ai"
    local script = setmetatable({ exchange = error }, { __index = memories_ai })
    local rig = keeper_rig.new({ provider = script }):start()
    rig:push()
    rig:advance(10)
    assert.are.same({ "configuration", "script_failed" }, error_of(rig))
    assert.are.equal(0, #rig.requests)
    rig:stop()
  end)
end)
