-- SPDX-License-Identifier: MIT
-- Rule 2: the due time follows from the token set and the policy; expiry counts from the moment of sending.
require "spec.support.paths"
local keeper_rig = require "spec.support.keeper_rig"

local faults = keeper_rig.faults

describe("rule 2: due time", function()
  it("renews two and a half push intervals before the expiry, within an eighth of that", function()
    local rig = keeper_rig.ready()
    local expires_at = rig:document().token.expires_at
    local due_at = rig:document().next_attempt_at
    assert.is_true(due_at >= expires_at - 1500 and due_at <= expires_at - 1500 + 188)
    rig:advance(due_at - rig.clock:wall() - 1)
    assert.are.equal(0, rig:count "refresh")
    rig:advance(3)
    assert.are.equal(1, rig:count "refresh")
    rig:stop()
  end)

  it("obeys a configured margin", function()
    local rig = keeper_rig.ready { policy = { margin = 300 } }
    rig:advance(6800)
    assert.are.equal(0, rig:count "refresh")
    rig:advance(200)
    assert.are.equal(1, rig:count "refresh")
    rig:stop()
  end)

  it("counts the expiry from the moment the request was sent", function()
    local rig = keeper_rig.new({ latency = 15 }):start()
    local pushed_at = rig.clock:wall()
    rig:push()
    rig:advance(20)
    assert.are.equal(pushed_at + 7200, rig:token().expires_at)
    rig:stop()
  end)

  it("gives a transfer a third of the margin, from 2 to 20 s", function()
    for life, timeout_ms in pairs { [7200] = 20000, [120] = 10000, [12] = 2000 } do
      local rig = keeper_rig.ready { simulator = { access_lifetime = life } }
      rig:advance(life)
      assert.are.equal(timeout_ms, rig.requests[2].timeout_ms)
      rig:stop()
    end
  end)

  it("learns the push interval", function()
    local rig = keeper_rig.new({ policy = { push_interval = false } }):start()
    rig:push_every(100)
    rig:advance(1000)
    local document = rig:document()
    local margin = document.token.expires_at - document.next_attempt_at
    assert.is_true(margin <= 250 and margin > 200)
    rig:stop()
  end)

  it("replaces a dead refresh token by the next push, before the access token dies", function()
    local rig = keeper_rig.ready()
    rig:push_every(600)
    rig:fail_always("refresh", faults.envelope "0401")
    for _ = 1, 7200 / 10 do
      rig:advance(10)
      assert.is_true(rig:accepts(assert(rig:token())))
    end
    assert.are.equal(2, rig:count "exchange")
    rig:stop()
  end)
end)
