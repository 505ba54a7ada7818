-- SPDX-License-Identifier: MIT
-- A day of pushes that get lost, late and doubled, of faults, outages and restarts, by a seed (USHER_SEED for another
-- first one). What must hold whatever happens is asserted all along.
require "spec.support.paths"
local core = require "usher.core"
local json = require "usher.json"
local keeper_rig = require "spec.support.keeper_rig"

local faults = keeper_rig.faults

local STEP = 30
local DAY = 24 * 3600
local HOUR = 3600
local SEEDS = 6

local FAULTS = {
  faults.status(500),
  faults.status(503, { ["retry-after"] = "20" }),
  faults.status(429),
  faults.status(403, {}, "<html>"),
  faults.status(200, {}, "garbage"),
  faults.envelope "0429",
  faults.unsent "resolve_failed",
  faults.unsent "tls_failed",
  faults.lost(false),
  faults.lost(true),
}

local Day = {}
Day.__index = Day

function Day:chance(probability)
  return self.random() < probability
end

function Day:any(list)
  return list[1 + math.floor(self.random() * #list)]
end

local function generator(seed)
  local state = seed
  return function()
    state = (state * 6364136223846793005 + 1442695040888963407) & 0x7fffffffffffffff
    return (state >> 11) / 2 ^ 52
  end
end

-- What befalls the provider in this step.
function Day:befall()
  local rig = self.rig
  for _, kind in ipairs { "exchange", "refresh" } do
    if self.outage_until[kind] and rig.clock:boot() >= self.outage_until[kind] then
      self.outage_until[kind] = nil
      rig:fail_always(kind, nil)
    elseif self:chance(0.001) then
      self.outage_until[kind] = rig.clock:boot() + self.random() * 2 * HOUR
      rig:fail_always(kind, self:any(FAULTS))
    elseif self:chance(0.02) then
      rig:fail_next(kind, self:any(FAULTS))
    end
  end
  if self:chance(0.0005) then
    rig.simulator.grants:revoke "refresh"
  end
end

function Day:restart()
  local rig = self.rig
  if self:chance(0.5) then
    rig:crash()
  else
    rig:stop()
  end
  rig:advance(self.random() * 60)
  rig:start()
end

function Day:push()
  local rig = self.rig
  local _, code = rig.simulator:push()
  if self:chance(0.1) then
    return
  end
  self.pushed_at = rig.clock:boot()
  rig:push(code)
  if self:chance(0.1) then
    assert.is_true(rig:push(code))
  end
end

function Day:is_disturbed()
  local rig = self.rig
  return next(self.outage_until) or #rig.queued.exchange > 0 or #rig.queued.refresh > 0
end

-- Never a dead token; and a live one once both endpoints answered for an hour and a push came.
function Day:check()
  local rig = self.rig
  local token = rig:token()
  if token then
    assert.is_true(rig:accepts(token), "a dead token was served")
  end
  if self:is_disturbed() then
    self.calm_since = nil
  else
    self.calm_since = self.calm_since or rig.clock:boot()
    local is_calm = rig.clock:boot() - self.calm_since > HOUR
      and self.pushed_at
      and self.pushed_at > self.calm_since
    assert.is_true(token ~= nil or not is_calm, "no token although all was well for an hour")
  end
end

function Day:step(seconds)
  local rig = self.rig
  if self.next_push <= rig.clock:boot() then
    self.next_push = rig.clock:boot() + 540 + self.random() * 120
    self:push()
  end
  if self:chance(0.002) then
    self:restart()
  end
  rig:advance(seconds)
  self:check()
end

-- How often each credential was sent after the provider's own word on it, or after it was taken.
local function check_ledger(rig)
  local final = {}
  for _, entry in ipairs(rig.simulator.ledger:after()) do
    if entry.kind == "exchange" and entry.code then
      assert.is_true((final[entry.code] or 0) <= 1, "a spent code was sent again")
      local is_final = entry.verdict == "ok" or entry.verdict == "0401"
      final[entry.code] = (final[entry.code] or 0) + (is_final and 1 or 0)
    end
    assert.are_not.equal("budget_exhausted", entry.reason)
  end
end

local function live_through(seed)
  local rig = keeper_rig.new({ seed = seed }):start()
  local day = setmetatable({
    rig = rig,
    random = generator(seed),
    outage_until = {},
    next_push = rig.clock:boot(),
  }, Day)
  for _ = 1, DAY / STEP do
    day:befall()
    day:step(STEP)
  end
  rig:fail_always("exchange", nil)
  rig:fail_always("refresh", nil)
  rig.queued = { exchange = {}, refresh = {} }
  day.outage_until = {}
  for _ = 1, 3 * HOUR / STEP do
    day:step(STEP)
  end
  assert.are.equal("ready", rig:document().status)
  assert.are.equal(json.null, rig:document().last_error)
  check_ledger(rig)
  rig:stop()
  assert.are.same({ 0, 0 }, { core.loop:tasks(), rig.clock:armed() })
end

describe("a simulated day", function()
  local first = math.tointeger(os.getenv "USHER_SEED") or 1
  for seed = first, first + SEEDS - 1 do
    it("by seed " .. seed, function()
      live_through(seed)
    end)
  end
end)
