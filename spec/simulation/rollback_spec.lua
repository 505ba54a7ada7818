-- SPDX-License-Identifier: MIT
-- An older copy of the store is put back. Nothing in it tells its age: the provider's refusal of the old refresh token
-- does, and the next push brings a new pair. Nobody has to do anything.
require "spec.support.paths"
local contract = require "usher.store.contract"
local memory = require "usher.store.memory"
local sealer = require "usher.model.sealer"
local simulated_life = require "spec.support.simulated_life"

local DAY = 24 * 3600
local KEY = ("k"):rep(32)

local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local copied = {}
  for key, member in pairs(value) do
    copied[key] = copy(member)
  end
  return copied
end

-- A life over a store whose content can be taken and put back.
local function new_life(policy)
  local life = simulated_life.new { policy = policy }
  local function open(heads)
    local engine = memory.engine()
    engine._heads = heads
    life.store = contract.new(engine, sealer.new { key = KEY })
    assert(life.store:open())
    return engine
  end
  local engine = open {}
  finally(function()
    life:close()
  end)
  return life,
    function()
      return copy(engine._heads)
    end,
    function(heads)
      engine = open(copy(heads))
    end
end

describe("an older store that is put back", function()
  for _, age in ipairs { 3600, 5 * 3600, DAY, 5 * DAY } do
    it(("%d hours old costs no person's time, where refresh tokens rotate"):format(age // 3600), function()
      local life, take, put_back = new_life { rotates = true }
      life:fault "refresh:rotation"
      life:start()
      life:begin_pushing(1)
      life.clock:advance(3600)
      local older = take()
      life.clock:advance(age)
      life:stop()
      put_back(older)
      life:start()
      life.clock:advance(900)
      assert.is_true(life:is_live(assert(life:token()).access_token))
      for _ = 1, 48 do
        life.clock:advance(1800)
        assert.is_true(life:is_live(assert(life:token()).access_token))
      end
      for _, event in ipairs(life.events) do
        assert.are_not.equal("reauthorization_required", event.event)
      end
    end)
  end

  it("serves no token past its time", function()
    local life, take, put_back = new_life()
    life:start()
    life:begin_pushing(1)
    life.clock:advance(10)
    local older, token = take(), life:token().access_token
    life.clock:advance(3 * 3600)
    life:stop()
    put_back(older)
    life:start()
    local after = life:token()
    assert.is_true(after == nil or after.access_token ~= token)
    life.clock:advance(60)
    assert.is_true(life:is_live(assert(life:token()).access_token))
  end)
end)
