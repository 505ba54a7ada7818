-- SPDX-License-Identifier: MIT
-- Who has seen one callback URL knows its state and clientId, and can push codes of his own: they spend no exchange,
-- cost no token and keep no genuine push out.
require "spec.support.paths"
local simulated_life = require "spec.support.simulated_life"
local simulator_push = require "usher.simulator.push"

local FORGERIES = 60
local DAY = 24 * 3600

-- Delivers a forged push; gives the callback's status.
local function forge(life, client_id, number)
  local options = setmetatable({ client_id = client_id }, { __index = life.simulator.options })
  local request = simulator_push.request(options, ("forged-code-%d"):format(number))
  return life:run(life.receive, life, request).status
end

local function forge_many(life, client_id, seconds_between)
  local statuses = {}
  for number = 1, FORGERIES do
    local status = forge(life, client_id, number)
    statuses[status] = (statuses[status] or 0) + 1
    life.clock:advance(seconds_between)
  end
  return statuses
end

local function ready(options)
  local life = simulated_life.new(options):start()
  life:begin_pushing(1)
  life.clock:advance(2)
  return life, assert(life:token()).access_token
end

describe("sixty forged pushes", function()
  it("of another clientId are refused once the subject is known", function()
    local life, token = ready()
    assert.are.same({ [403] = FORGERIES }, forge_many(life, "mallory", 1))
    assert.are.same({ 1, 0 }, { life:count "exchange", life:count "refresh" })
    assert.are.equal(token, life:token().access_token)
    life:close()
  end)

  it("of the right clientId spend no exchange while the token is good", function()
    local life, token = ready()
    assert.are.same({ [200] = FORGERIES }, forge_many(life, life.simulator.options.client_id, 60))
    assert.are.equal(1, life:count "exchange")
    assert.is_true(life:is_live(token))
    life.clock:advance(7200)
    assert.are.same({ 1, "ready" }, { life:count "exchange", life.keeper:document("acme").status })
    life:close()
  end)

  it("leave the next genuine code its turn, though the refresh token is dead", function()
    local life = ready()
    life.clock:advance(300)
    forge_many(life, life.simulator.options.client_id, 1)
    life:fault "refresh:revoked,count=1"
    for _ = 1, 3 * 7200 / 60 do
      life.clock:advance(60)
      assert.is_true(life:is_live(assert(life:token()).access_token))
    end
    assert.are.equal(2, life:count("exchange", "ok"))
    life:close()
  end)
end)

describe("a forged push before the first exchange", function()
  for _, first in ipairs { "forged", "genuine" } do
    it(("does not lock the genuine one out: the %s one comes first"):format(first), function()
      local life = simulated_life.new():start()
      if first == "genuine" then
        life:begin_pushing(1)
        life.clock:advance(1.001)
      end
      assert.are.equal(200, forge(life, "mallory", 1))
      if first == "forged" then
        life:begin_pushing(1)
      end
      life.clock:advance(300)
      assert.is_truthy(life:token())
      assert.are.equal(life.simulator.options.client_id, life.keeper:document("acme").subject)
      assert.are.equal(1, life:count("exchange", "ok"))
      assert.are.equal(403, forge(life, "mallory", 2))
      life:close()
    end)
  end

  it("is refused at once where the subject is configured", function()
    local life = simulated_life.new({ client_id = "configured" }):start()
    assert.are.equal(403, forge(life, "mallory", 1))
    assert.are.equal(0, life:count "exchange")
    life:close()
  end)
end)

describe("forged pushes of ever new clientIds before the first exchange", function()
  it("spend no more than 20 exchanges a day, and once they end the genuine one gets its turn", function()
    local life = simulated_life.new():start()
    for number = 1, DAY / 60 do
      forge(life, "mallory-" .. number, number)
      life.clock:advance(60)
    end
    local spent = life:count "exchange"
    assert.is_true(spent > 10 and spent <= 20, spent)
    life:begin_pushing(1)
    life.clock:advance(DAY + 3600)
    assert.is_truthy(life:token())
    life:close()
  end)
end)
