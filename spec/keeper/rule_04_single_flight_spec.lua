-- SPDX-License-Identifier: MIT
-- Rule 4: one exchange or refresh per account at a time; everybody who waits gets the same result.
require "spec.support.paths"
local keeper_rig = require "spec.support.keeper_rig"

local faults = keeper_rig.faults

local function ask(rig, count, method, options)
  local boxes = {}
  for index = 1, count do
    boxes[index] = rig:run(rig.keeper[method], rig.keeper, "acme", options)
  end
  return boxes
end

describe("rule 4: single flight", function()
  it("makes one request for a thousand consumers with min_ttl", function()
    local rig = keeper_rig.ready()
    rig:advance(3000)
    local boxes = ask(rig, 1000, "token", { min_ttl = 7000 })
    rig:advance(1)
    assert.are.equal(1, rig:count "refresh")
    for _, box in ipairs(boxes) do
      assert.are.equal(boxes[1].value.access_token, box.value.access_token)
      assert.is_true(box.value.expires_in >= 7000)
    end
    rig:stop()
  end)

  it("joins forced refreshes to the one under way", function()
    local rig = keeper_rig.ready()
    rig:advance(3000)
    local boxes = ask(rig, 50, "refresh")
    rig:advance(1)
    assert.are.equal(1, rig:count "refresh")
    for _, box in ipairs(boxes) do
      assert.is_true(box.value.refreshed)
    end
    rig:stop()
  end)

  it("gives a failure to all who wait as well", function()
    local rig = keeper_rig.ready()
    rig:fail_next("refresh", faults.status(503))
    local boxes = ask(rig, 50, "refresh")
    rig:advance(1)
    assert.are.equal(1, rig:count "refresh")
    for _, box in ipairs(boxes) do
      assert.is_false(box.value.refreshed)
    end
    rig:stop()
  end)

  it("lets pushes in while an exchange is under way, and makes no second one", function()
    local rig = keeper_rig.new({ latency = 5 }):start()
    rig:push()
    rig:advance(1)
    rig:push "another-code"
    rig:push "yet-another-code"
    rig:advance(60)
    assert.are.same({ 1, 1 }, { rig:count "exchange", rig:told "token_refreshed" })
    assert.are.equal(3, rig:document().pushes_24h)
    rig:stop()
  end)

  it("lets consumers without a token wait for the first exchange together", function()
    local rig = keeper_rig.new({ latency = 2 }):start()
    rig:push()
    local boxes = ask(rig, 20, "token")
    rig:advance(3)
    for _, box in ipairs(boxes) do
      assert.is_truthy(box.value)
    end
    assert.are.equal(1, rig:count "exchange")
    rig:stop()
  end)
end)
