-- SPDX-License-Identifier: MIT
-- Rule 8: nobody knows whether the provider acted: once more with the same, then fall back to a pushed credential.
require "spec.support.paths"
local errors = require "usher.errors"
local json = require "usher.json"
local keeper_rig = require "spec.support.keeper_rig"
local planner = require "usher.keeper.planner"

local faults = keeper_rig.faults
local ROTATING = { policy = { rotates = true } }

-- How often each credential or refresh token was sent.
local function times_sent(rig, kind, field)
  local counts = {}
  for _, request in ipairs(rig.requests) do
    if request.kind == kind then
      local sent = json.decode(request.body)[field]
      counts[sent] = (counts[sent] or 0) + 1
    end
  end
  return counts
end

local function most_sent(rig, kind, field)
  local most = 0
  for _, count in pairs(times_sent(rig, kind, field)) do
    most = math.max(most, count)
  end
  return most
end

-- As a kill between two writes: the store takes one more from now on.
local function cut_after_one_write(rig)
  local writes, store = 0, rig.store
  for _, name in ipairs { "commit", "abort", "begin" } do
    local write = store[name]
    store[name] = function(...)
      writes = writes + 1
      if writes > 1 then
        return errors.fail "closed"
      end
      return write(...)
    end
  end
end

describe("rule 8: unknown outcome of a refresh", function()
  it("sends the same refresh token once more, then takes a pushed credential", function()
    local rig = keeper_rig.ready(ROTATING)
    rig:push_every(600)
    rig:fail_always("refresh", faults.lost(false))
    rig:advance(7000)
    assert.are.equal(2, most_sent(rig, "refresh", "refreshToken"))
    assert.are.equal(2, rig:count "exchange")
    assert.is_true(rig:accepts(rig:token()))
    rig:stop()
  end)

  it("does not send it again where the policy forbids it", function()
    local rig = keeper_rig.ready { policy = { rotates = true, retry_uncertain = false } }
    rig:push_every(600)
    rig:fail_always("refresh", faults.lost(false))
    rig:advance(7000)
    assert.are.equal(1, most_sent(rig, "refresh", "refreshToken"))
    assert.are.equal(2, rig:count "exchange")
    rig:stop()
  end)

  it("sends it as often as needed where refreshing does not replace it", function()
    local rig = keeper_rig.ready()
    rig:fail_next("refresh", faults.lost(true), faults.lost(false), faults.lost(true))
    rig:advance(7000)
    assert.are.same({ 1, 4 }, { rig:count "exchange", rig:count "refresh" })
    assert.are.equal("ready", rig:document().status)
    rig:stop()
  end)

  it("keeps the journal entry over a crash, and counts what was sent before it", function()
    local rig = keeper_rig.ready(ROTATING)
    rig:fail_always("refresh", faults.lost(false))
    rig:advance(5700)
    while rig:count "refresh" == 0 do
      rig:advance(1)
    end
    rig:crash()
    assert.are.equal("refresh", rig:record().journal.kind)
    rig:start()
    rig:push_every(600)
    rig:advance(120)
    assert.are.equal(2, most_sent(rig, "refresh", "refreshToken"))
    assert.are.equal(2, rig:count "exchange")
    rig:stop()
  end)

  it("reaches a served token by itself after a crash between request and answer", function()
    local rig = keeper_rig.ready(ROTATING)
    rig:fail_next("refresh", faults.lost(true))
    rig:advance(5700)
    while rig:count "refresh" == 0 do
      rig:advance(1)
    end
    rig:crash()
    rig:start():advance(5)
    assert.is_true(rig:accepts(rig:token()))
    assert.are.equal("ready", rig:document().status)
    rig:stop()
  end)

  it("does not forget it when the retry certainly came to nothing", function()
    local rig = keeper_rig.ready(ROTATING)
    rig:push_every(600)
    rig:fail_next("refresh", faults.lost(false), faults.status(502), faults.unsent(), faults.lost(false))
    rig:advance(7000)
    assert.are.equal(4, most_sent(rig, "refresh", "refreshToken"))
    assert.are.equal(2, rig:count "exchange")
    rig:stop()
  end)

  for name, answer in pairs {
    ["was refused"] = faults.envelope "0401",
    ["came to nothing"] = faults.status(503),
    ["is not known either"] = faults.lost(false),
  } do
    it("is resolved though an exchange was asked for meanwhile that " .. name, function()
      local rig = keeper_rig.ready(ROTATING)
      rig:fail_next("refresh", faults.lost(false))
      rig:fail_next("exchange", answer)
      rig:run(rig.keeper.refresh, rig.keeper, "acme")
      rig:advance(20.1)
      rig:push()
      local of = rig.keeper.accounts.acme
      local plan = { kind = "exchange", delay = 0, push = of.record.pushes[1], is_forced = true }
      rig:run(planner.run_next, rig.keeper, of, function()
        return plan
      end)
      rig:advance(60)
      assert.are.same({ 2, 2 }, { most_sent(rig, "refresh", "refreshToken"), rig:count "exchange" })
      assert.is_nil(rig:record().token_set.refresh_spent_at)
      assert.are.equal("ready", rig:document().status)
      rig:stop()
    end)
  end

  it("does not forget it over an exchange that came to nothing", function()
    local rig = keeper_rig.ready(ROTATING)
    rig:fail_always("refresh", faults.lost(false))
    while rig:count "refresh" < 2 do
      rig:advance(1)
    end
    rig:crash()
    rig:fail_always("exchange", faults.status(503))
    rig:start():push()
    rig:advance(3600)
    assert.are.equal(2, most_sent(rig, "refresh", "refreshToken"))
    assert.is_true(rig:count "exchange" > 2)
    rig:stop()
  end)

  it("takes a pushed credential where the provider closes refreshing before the retry", function()
    local rig = keeper_rig.ready(ROTATING)
    rig:push_every(600)
    rig:fail_next("refresh", faults.lost(false))
    rig:fail_always("refresh", faults.status(429, { ["retry-after"] = "3600" }))
    rig:fail_next("exchange", faults.status(503))
    rig:advance(7300)
    assert.are.equal(2, most_sent(rig, "refresh", "refreshToken"))
    assert.is_true(rig:accepts(rig:token()))
    rig:stop()
  end)

  it("sends it again soon, though the token is not due", function()
    local rig = keeper_rig.ready(ROTATING)
    rig:fail_next("refresh", faults.lost(false))
    rig:run(rig.keeper.refresh, rig.keeper, "acme")
    rig:advance(25)
    assert.are.same({ 2, 1 }, { rig:count "refresh", rig:count "exchange" })
    assert.are.equal("ready", rig:document().status)
    rig:stop()
  end)

  for name, answer in pairs { ["a refusal"] = faults.envelope "0401", ["a second loss"] = faults.lost(false) } do
    it(("keeps what follows from %s over a crash after the first write"):format(name), function()
      local rig = keeper_rig.ready(ROTATING)
      rig:fail_next("refresh", faults.lost(false))
      rig:fail_next("refresh", function(...)
        cut_after_one_write(rig)
        return answer(...)
      end)
      while rig:count "refresh" < 2 do
        rig:advance(1)
      end
      rig:advance(25)
      rig:crash()
      rig:start():advance(600)
      assert.are.equal(2, rig:count "refresh")
      rig:push()
      rig:advance(1)
      assert.are.equal("ready", rig:document().status)
      rig:stop()
    end)
  end

  it("treats an answer that it cannot read like none", function()
    local rig = keeper_rig.ready(ROTATING)
    rig:push_every(600)
    rig:fail_always("refresh", faults.status(200, {}, '{"code":"0000","da'))
    rig:advance(7000)
    assert.are.equal(2, most_sent(rig, "refresh", "refreshToken"))
    assert.are.equal(2, rig:count "exchange")
    rig:stop()
  end)
end)

describe("rule 8: unknown outcome of an exchange", function()
  it("tries the same code once more while it is the newest, then waits for the next", function()
    local rig = keeper_rig.new():start()
    rig:fail_always("exchange", faults.lost(false))
    rig:push()
    rig:advance(500)
    assert.are.equal(2, most_sent(rig, "exchange", "code"))
    assert.are.equal("awaiting_credential", rig:document().status)
    rig:fail_always("exchange", nil)
    rig:push()
    rig:advance(1)
    assert.are.equal("ready", rig:document().status)
    rig:stop()
  end)

  it("leaves an older code once a newer one is there", function()
    local rig = keeper_rig.new({ subject = "me", simulator = { client_id = "me" } }):start()
    rig:fail_next("exchange", faults.lost(false))
    rig:push "older-code"
    rig:advance(20.1)
    rig:push()
    rig:advance(600)
    assert.are.equal(1, times_sent(rig, "exchange", "code")["older-code"])
    assert.are.equal("ready", rig:document().status)
    rig:stop()
  end)

  it("does not come back to it when the newer one is refused", function()
    local rig = keeper_rig.new({ subject = "me", simulator = { client_id = "me" } }):start()
    rig:fail_next("exchange", faults.lost(false))
    rig:push "older-code"
    rig:advance(20.1)
    rig:push "newer-code"
    rig:advance(600)
    local sent = times_sent(rig, "exchange", "code")
    assert.are.same({ ["older-code"] = 1, ["newer-code"] = 1 }, sent)
    rig:stop()
  end)

  it("does not forget it when the retry certainly came to nothing", function()
    local rig = keeper_rig.new():start()
    rig:fail_next("exchange", faults.lost(false), faults.status(502), faults.unsent(), faults.lost(false))
    rig:push()
    rig:advance(500)
    assert.are.equal(4, rig:count "exchange")
    assert.are.equal("awaiting_credential", rig:document().status)
    rig:stop()
  end)

  it("counts a try before a crash", function()
    local rig = keeper_rig.new():start()
    rig:fail_always("exchange", faults.lost(false))
    rig:push()
    rig:advance(1)
    rig:crash()
    rig:start():advance(500)
    assert.are.equal(2, most_sent(rig, "exchange", "code"))
    rig:stop()
  end)
end)
