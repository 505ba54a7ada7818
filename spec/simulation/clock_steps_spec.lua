-- SPDX-License-Identifier: MIT
-- Clocks that do what they like: the wall clock is set a day ahead or back, thirty years back and on again, a little,
-- while a refresh is under way or while the gateway is down, and the machine sleeps. Lives by seed, with two hundred
-- steps among them: no dead token is served, a step costs one attempt at most, and a good token is back soon.
require "spec.support.paths"
local simulated_life = require "spec.support.simulated_life"
local simulator = require "usher.simulator"
local torture = require "spec.support.torture"

local LIVES = torture.rounds(4, 100)
local STEPS = 50
local HOUR, DAY = 3600, 24 * 3600
local YEARS = 30 * 365 * DAY
local LOOK_EVERY, LOOK_FOR = 5, 150
local DOWN_SECONDS = 30

local Life = {}
Life.__index = Life

-- A whole number from `low` to `high`.
function Life:any(low, high)
  local bytes = self.random(4)
  return low + string.unpack("<I4", bytes) % (high - low + 1)
end

function Life:step_wall(seconds)
  self.life.clock:step_wall(seconds)
  self.wall_off = self.wall_off + seconds
end

function Life:attempts()
  return self.life:count "exchange" + self.life:count "refresh"
end

function Life:advance(seconds)
  self.life.clock:advance(seconds)
end

function Life:look()
  local token = self.life:token()
  if token then
    assert.is_true(self.life:is_live(token.access_token), self.what .. ": a dead token was served")
    assert.is_true(token.expires_in > 0, self.what .. ": no time is left")
  end
  return token
end

-- What may happen to the clocks. Each gives how many attempts were asked for.
local STEPS_OF = {
  ["a day ahead"] = function(self)
    self:step_wall(DAY)
  end,
  ["a day back"] = function(self)
    self:step_wall(-DAY)
  end,
  ["thirty years back"] = function(self)
    self:step_wall(-YEARS)
  end,
  ["where it was"] = function(self)
    self:step_wall(-self.wall_off)
  end,
  ["somewhere"] = function(self)
    self:step_wall(self:any(-2 * DAY, 2 * DAY))
  end,
  ["a little"] = function(self)
    self:step_wall(self:any(-90, 90) / 10)
  end,
  ["asleep for eight hours"] = function(self)
    self.life.clock:suspend(8 * HOUR)
  end,
  ["asleep for a while"] = function(self)
    self.life.clock:suspend(self:any(1, 3 * HOUR))
  end,
  ["during a refresh"] = function(self)
    local boxes = self.life:start_many(1, self.life.keeper.refresh, self.life.keeper, "acme")
    self:advance(self:any(1, 99) / 1000)
    self:step_wall(self:any(0, 1) == 0 and -DAY or DAY)
    self:advance(1)
    assert(boxes[1].value or boxes[1].err, "the refresh did not end")
    return 1
  end,
  ["while it is down"] = function(self)
    if self:any(0, 1) == 0 then
      self.life:stop()
    else
      self.life:kill()
    end
    self:step_wall(self:any(-2 * DAY, 2 * DAY))
    self:advance(self:any(1, DOWN_SECONDS))
    self.life:start()
  end,
}
local NAMES = {}
for name in pairs(STEPS_OF) do
  table.insert(NAMES, name)
end
table.sort(NAMES)

function Life:step()
  local name = NAMES[self:any(1, #NAMES)]
  self.what = ("step %d, %s"):format(self.steps, name)
  self.steps = self.steps + 1
  local before = self:attempts()
  local asked_for = STEPS_OF[name](self) or 0
  local token = self:look()
  for _ = 1, LOOK_FOR // LOOK_EVERY do
    self:advance(LOOK_EVERY)
    token = self:look()
  end
  assert.truthy(token, self.what .. ": no token after " .. LOOK_FOR .. " s")
  assert.is_true(self:attempts() - before - asked_for <= 1, self.what .. ": more than one attempt")
end

local function begin(seed)
  local life = simulated_life.new { seed = "clock" .. seed }
  life:start():begin_pushing(1)
  local self =
    { life = life, random = simulator.seeded("steps" .. seed), steps = 1, wall_off = 0, what = "start" }
  setmetatable(self, Life):advance(10)
  return self
end

describe("clocks that step", function()
  for seed = 1, LIVES do
    it(("serve no dead token and make no storm, by seed %d"):format(seed), function()
      local self = begin(seed)
      for _ = 1, STEPS do
        self:step()
        self:advance(self:any(0, HOUR))
      end
      local before = self:attempts()
      for _ = 1, 6 * HOUR // 60 do
        self:advance(60)
        assert.truthy(self:look())
      end
      assert.is_true(self:attempts() - before <= 6)
      self.life:close()
    end)
  end
end)
