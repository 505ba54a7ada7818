-- SPDX-License-Identifier: MIT
-- Rule 1: exchange only when a token pair is needed; a credential that was exchanged or refused is spent.
require "spec.support.paths"
local json = require "usher.json"
local keeper_rig = require "spec.support.keeper_rig"
local one_account = require "spec.support.one_account"

local faults = keeper_rig.faults

local function codes_sent(rig)
  local codes = {}
  for _, request in ipairs(rig.requests) do
    if request.kind == "exchange" then
      table.insert(codes, json.decode(request.body).code)
    end
  end
  return codes
end

describe("rule 1: exchange only when needed", function()
  it("makes one exchange of a day's 144 codes", function()
    local rig = keeper_rig.new():start()
    rig:push_every(600)
    rig:advance(24 * 3600)
    assert.are.equal(1, rig:count "exchange")
    assert.is_true(rig:count "refresh" >= 12)
    rig:stop()
  end)

  it("exchanges again in the last fifth of the refresh token's life", function()
    local rig = keeper_rig.new({ simulator = { refresh_lifetime = 10 * 24 * 3600 } }):start()
    rig:push_every(600)
    rig:advance(8 * 24 * 3600 - 60)
    assert.are.equal(1, rig:count "exchange")
    rig:advance(120)
    assert.are.equal(2, rig:count "exchange")
    assert.are.equal("ready", rig:document().status)
    rig:stop()
  end)

  it("replaces a refused refresh token by the next push, with exactly one exchange more", function()
    local rig = keeper_rig.ready()
    rig:fail_next("refresh", faults.envelope "0401")
    local first = rig:token()
    rig:advance(5900)
    assert.are.equal("reauthorization_required", rig:document().status)
    assert.are.equal(first.access_token, rig:token().access_token)
    rig:push()
    rig:advance(1)
    assert.are.equal("ready", rig:document().status)
    assert.are.same({ 2, 1 }, { rig:count "exchange", rig:count "refresh" })
    rig:stop()
  end)

  it("renews by a pushed code where the answer brought no refresh token", function()
    local rig = keeper_rig.new():start()
    rig:push_every(600)
    rig:fail_next("exchange", faults.status(200, {}, '{"code":"0000","data":{"accessToken":"alone-access"}}'))
    rig:advance(5600)
    assert.are.same({ 1, 0 }, { rig:count "exchange", rig:count "refresh" })
    rig:advance(400)
    assert.are.same({ 2, 0 }, { rig:count "exchange", rig:count "refresh" })
    rig:stop()
  end)

  it("remembers after a restart that a refresh token was refused", function()
    local rig = keeper_rig.ready()
    rig:fail_always("refresh", faults.envelope "0401")
    rig:advance(5900)
    rig:stop()
    rig:start():advance(600)
    assert.are.equal(1, rig:count "refresh")
    rig:stop()
  end)

  it("never tries a spent credential again", function()
    local rig = keeper_rig.new():start()
    rig:fail_next("exchange", faults.envelope "0401")
    local _, code = rig.simulator:push()
    assert.is_true(rig:push(code))
    rig:advance(600)
    assert.is_true(rig:push(code))
    rig:advance(600)
    rig:stop()
    rig:start()
    assert.is_true(rig:push(code))
    rig:advance(600)
    assert.are.equal(1, rig:count "exchange")
    rig:stop()
  end)

  it("falls back to the one before the newest", function()
    local rig = keeper_rig.new({ subject = "me", simulator = { client_id = "me" } }):start()
    rig:fail_always("exchange", faults.status(503))
    rig:push "older-code"
    rig:push "newest-code"
    rig:advance(0.1)
    rig:fail_always("exchange", faults.envelope "0401")
    rig:advance(400)
    local codes = codes_sent(rig)
    assert.are.equal("older-code", codes[#codes])
    assert.are.equal("newest-code", codes[#codes - 1])
    rig:stop()
  end)

  it(
    "tries the newest of each subject once before one is known, and a forged one locks nobody out",
    function()
      local rig = keeper_rig.new():start()
      local _, genuine = rig.simulator:push()
      rig:push(genuine)
      for number = 1, 3 do
        rig:push("forged-code-" .. number, "somebody" .. number)
      end
      rig:advance(600)
      assert.are.equal(rig.simulator.options.client_id, rig:document().subject)
      assert.are.equal("ready", rig:document().status)
      rig:stop()
    end
  )

  it("is not kept from a genuine code by an endless number of forged ones", function()
    local rig = keeper_rig.new():start()
    local pushed = 0
    local function forge()
      pushed = pushed + 1
      rig.keeper:offer("acme", { credential = "forged-code-" .. pushed, subject = "somebody" })
      rig.forger = rig.clock:timer(5, forge)
    end
    forge()
    rig:advance(60)
    rig:push()
    rig:advance(300)
    assert.are.equal(rig.simulator.options.client_id, rig:document().subject)
    rig.forger:close()
    rig:stop()
  end)

  it(
    "is done in the end for what a person brought, though a fault came first and the old pair is good",
    function()
      local authorize = function()
        return { url = "https://as/authorize", key = "key-1" }
      end
      local rig = one_account.new { provider = { authorize = authorize } }
      rig:hold(rig:tokens "old")
      rig.keeper.scheduler:start()
      rig:run(rig.keeper.authorize, rig.keeper, "acme")
      rig.respond = function()
        return #rig.requests > 1 and one_account.success "a"
          or { status = 503, headers = {}, class = "retryable" }
      end
      local taken = assert(rig.keeper:for_callback().take "key-1")
      local push = { credential = "code-1", valid_for = 600, authorization = taken }
      rig:run(rig.keeper.offer, rig.keeper, "acme", push)
      assert.are.equal("old", rig:served())
      rig.clock:advance(5)
      assert.are.equal("a", rig:served())
      assert.are.equal("succeeded", rig:run(rig.keeper.authorization, rig.keeper, "acme").value.status)
      rig.keeper:stop()
    end
  )
end)
