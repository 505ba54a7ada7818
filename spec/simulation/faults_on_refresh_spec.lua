-- SPDX-License-Identifier: MIT
-- Whatever befalls refreshes: the valid token is served on, few requests are made, and the account comes
-- back by itself.
require "spec.support.paths"
local fault_kinds = require "usher.simulator.fault_kinds"
local simulated_life = require "spec.support.simulated_life"

local LIFE = 7200
local STEP = 5
local A_HANDFUL = 10
local DUE_BY = LIFE - 1300 -- the margin is 1500 s, less an eighth at most

-- Faults that leave the refresh token as it is, and how many pairs it takes to be well again.
local PASSING = {
  "refresh:http,status=500",
  "refresh:http,status=503",
  "refresh:http,status=503,retry_after=30",
  "refresh:http,status=429",
  "refresh:http,status=429,retry_after=60",
  "refresh:http,status=403",
  "refresh:http,status=500,commit=true",
  "refresh:envelope,code=0429",
  "refresh:envelope,code=0001",
  "refresh:envelope,code=0003",
  "refresh:envelope,code=9999",
  "refresh:garbage",
  "refresh:garbage,commit=true",
  "refresh:empty",
  "refresh:empty,commit=true",
  "refresh:truncated",
  "refresh:missing,field=accessToken",
  "refresh:missing,field=data",
  "refresh:missing,field=code",
  "refresh:odd,value=0",
  "refresh:odd,value=-1",
  "refresh:odd,value=NaN",
  "refresh:odd,value=1e999",
  "refresh:odd,value=true",
  "refresh:odd,value={}",
  'refresh:odd,value="soon"',
  'refresh:odd,value="-7200"',
  "refresh:odd,field=accessToken,value=7",
  'refresh:odd,field=accessToken,value=""',
  "refresh:odd,field=data,value=null",
  "refresh:odd,field=code,value=null",
  "refresh:hang",
  "refresh:hang,commit=true",
  "refresh:slow,seconds=30",
  "refresh:close",
  "refresh:close,commit=true",
  "refresh:unreachable",
  "refresh:redirect",
  "refresh:redirect,status=307",
  "refresh:huge",
  "refresh:nesting",
}

-- Answers that are good although they look odd.
local HARMLESS = {
  "refresh:missing,field=expiresIn",
  "refresh:missing,field=type",
  "refresh:missing,field=msg",
  'refresh:odd,value="7200"',
  "refresh:odd,value=7200000",
  "refresh:odd,value=7200.0",
  "refresh:odd,field=type,value=7",
  "refresh:odd,field=code,value=0",
  'refresh:odd,field=refreshToken,value=""',
  "refresh:slow,seconds=5",
}

local function ready(options)
  local life = simulated_life.new(options):start()
  life:begin_pushing(1)
  life.clock:advance(2)
  return life, assert(life:token())
end

-- Lets time pass, with a consumer that always gets a live token.
local function live_on(life, seconds)
  for _ = 1, seconds // STEP do
    life.clock:advance(STEP)
    local token = assert(life:token())
    assert.is_true(life:is_live(token.access_token), "a dead token")
  end
end

describe("a fault of every refresh for ten minutes", function()
  for _, fault in ipairs(PASSING) do
    it(("passes: %s"):format(fault), function()
      local life, before = ready()
      life:fault(fault)
      live_on(life, DUE_BY + 600)
      assert.are.equal(before.access_token, life:token().access_token)
      local requests = life:count "refresh"
      assert.is_true(requests >= 1 and requests <= A_HANDFUL, requests)
      life.simulator.faults:clear()
      live_on(life, LIFE)
      assert.are_not.equal(before.access_token, life:token().access_token)
      assert.are.equal("ready", life.keeper:document("acme").status)
      assert.are.equal(1, life:count "exchange")
      life:close()
    end)
  end
end)

describe("an odd answer to a refresh", function()
  for _, fault in ipairs(HARMLESS) do
    it(("is taken: %s"):format(fault), function()
      local life, before = ready()
      life:fault(fault)
      live_on(life, DUE_BY + 60)
      assert.are_not.equal(before.access_token, life:token().access_token)
      assert.are.same({ 1, 1 }, { life:count "refresh", life:count "exchange" })
      life:close()
    end)
  end
end)

describe("a refused refresh token", function()
  for _, fault in ipairs { "refresh:revoked,count=1", "refresh:envelope,code=0401" } do
    it(("is replaced through a push, by one more exchange: %s"):format(fault), function()
      local life = ready()
      life:fault(fault)
      live_on(life, DUE_BY + 900)
      assert.are.same({ 1, 2 }, { life:count "refresh", life:count "exchange" })
      life.simulator.faults:clear()
      live_on(life, 2 * LIFE)
      assert.are.equal(2, life:count "exchange")
      assert.are.equal("ready", life.keeper:document("acme").status)
      life:close()
    end)
  end

  it("waits for the next push where none is at hand", function()
    local life = ready()
    life:fault "push:lost,count=12"
    life:fault "refresh:revoked,count=1"
    live_on(life, DUE_BY + 60)
    assert.are.same({ 1, 1 }, { life:count "refresh", life:count "exchange" })
    life.simulator.faults:clear()
    live_on(life, 660)
    assert.are.same({ 1, 2 }, { life:count "refresh", life:count("exchange", "ok") })
    life:close()
  end)
end)

describe("a provider that rotates", function()
  it("needs no exchange after the first", function()
    local life = ready { policy = { rotates = true } }
    life:fault "refresh:rotation"
    live_on(life, 24 * 3600)
    assert.are.equal(1, life:count "exchange")
    assert.are.equal(life:count "refresh", life:count("refresh", "ok"))
    life:close()
  end)

  for _, fault in ipairs {
    "close,commit=true",
    "hang,commit=true",
    "empty,commit=true",
    "truncated",
    "huge",
    "missing,field=accessToken",
    "odd,value=NaN",
    "slow,seconds=30",
  } do
    it(("is asked once more and then left for a push when its answer is lost: %s"):format(fault), function()
      local life = ready { policy = { rotates = true } }
      life:fault "refresh:rotation"
      life:fault(("refresh:%s,count=1"):format(fault))
      live_on(life, DUE_BY + 900)
      assert.are.same({ 2, 2 }, { life:count "refresh", life:count("exchange", "ok") })
      live_on(life, LIFE)
      assert.are.same({ 2, "ready" }, { life:count "exchange", life.keeper:document("acme").status })
      life:close()
    end)
  end
end)

describe("these specs", function()
  it("know every kind of fault", function()
    local tried = { clock_offset = true, rotation = true, revoked = true }
    for _, list in ipairs { PASSING, HARMLESS } do
      for _, fault in ipairs(list) do
        tried[fault:match ":(%w+)"] = true
      end
    end
    for name, kind in pairs(fault_kinds.all) do
      assert.is_true(tried[name] or kind.at.push, name)
    end
  end)
end)
