-- SPDX-License-Identifier: MIT
-- Days of pushes that get lost, late, doubled and out of order, of faults, outages, restarts and kills, drawn from a
-- seed. What must hold at every moment is checked on the way; `complaints` looks at the ledger afterwards.

local ledger_audit = require "spec.support.ledger_audit"
local simulated_life = require "spec.support.simulated_life"

local sixty_days = {}

local MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
local STEP = 149 -- seconds between a consumer's questions
local REFRESH_LIFETIME = 20 * DAY
local SETTLING = 5 * MINUTE -- from a push to the token that it brings, faults of the push before aside

-- What an endpoint does for a while, without acting on the request.
local FAULTS = {
  "http,status=500",
  "http,status=502",
  "http,status=503,retry_after=120",
  "http,status=429,retry_after=900",
  "http,status=403",
  "envelope,code=0429",
  "envelope,code=0403",
  "garbage",
  "empty",
  "nesting",
  "redirect",
  "hang",
  "close",
  "unreachable",
}
-- Not for hours: to an exchange it is a refusal, and refusals are rationed to twenty a day.
local REFUSAL = { "envelope,code=0001" }
-- The provider acts, and its answer is lost.
local LOSING = {
  "hang,commit=true",
  "close,commit=true",
  "empty,commit=true",
  "truncated",
  "huge",
  "slow,seconds=45",
  "odd,value=-1",
  "odd,value=NaN",
  "odd,field=accessToken,value=null",
  "missing,field=data",
}
local PUSH_FAULTS = { "lost", "late,seconds=30", "late,seconds=420", "late,seconds=900", "doubled", "forged" }

---@class spec.SixtyDays
---@field life spec.Life
---@field outages {ends_at: number, endpoint: string}[]
---@field rotates boolean refreshes replace the refresh token
---@field calm_since number boot time since which nothing is wrong with the provider or the process
local Days = {}
Days.__index = Days

-- chance ----------------------------------------------------------------------------------------------

-- Knuth's 64-bit linear congruential generator, of which the upper bits are good.
function Days:draw()
  self.chance = self.chance * 6364136223846793005 + 1442695040888963407
  return (self.chance >> 11) / 2 ^ 53
end

function Days:happens(times_a_day)
  return self:draw() < times_a_day * STEP / DAY
end

function Days:any(list)
  return list[1 + math.floor(self:draw() * #list)]
end

-- Short ones are more frequent than long ones.
function Days:between(shortest, longest)
  return shortest * (longest / shortest) ^ self:draw()
end

-- what befalls ----------------------------------------------------------------------------------------

local function now(self)
  return self.life.clock:boot()
end

function Days:begin_outage(endpoint, fault, seconds)
  self.life:fault(("%s:%s"):format(endpoint, fault))
  table.insert(self.outages, { endpoint = endpoint, ends_at = now(self) + seconds })
end

function Days:clear(endpoint)
  self.life.simulator.faults:clear(endpoint)
  if endpoint == "refresh" and self.rotates then
    self.life:fault "refresh:rotation"
  end
  if endpoint ~= "push" then
    self.calm_since = now(self)
  end
end

function Days:end_outages()
  for index = #self.outages, 1, -1 do
    local outage = self.outages[index]
    if now(self) >= outage.ends_at then
      table.remove(self.outages, index)
      self:clear(outage.endpoint)
    end
  end
end

local function is_afflicted(self, endpoint)
  for _, outage in ipairs(self.outages) do
    if outage.endpoint == endpoint then
      return true
    end
  end
  return false
end

-- One endpoint at a time has one fault at a time.
function Days:befall(endpoint, times_a_day, list, shortest, longest)
  if not is_afflicted(self, endpoint) and self:happens(times_a_day) then
    self:begin_outage(endpoint, self:any(list), self:between(shortest, longest))
  end
end

function Days:befall_all()
  self:end_outages()
  for _, endpoint in ipairs { "exchange", "refresh" } do
    self:befall(endpoint, 2, FAULTS, 2 * MINUTE, 30 * MINUTE)
    self:befall(endpoint, 2, LOSING, 2 * MINUTE, 30 * MINUTE)
    self:befall(endpoint, 1 / 4, REFUSAL, 2 * MINUTE, 30 * MINUTE)
    self:befall(endpoint, 1 / 20, FAULTS, HOUR, 2 * DAY)
  end
  self:befall("refresh", 1 / 10, { "envelope,code=0401", "revoked" }, 2 * MINUTE, HOUR)
  if self:happens(1 / 15) and #self.outages == 0 then
    local fault, seconds = self:any(FAULTS), self:between(10 * MINUTE, 2 * DAY)
    self:begin_outage("exchange", fault, seconds)
    self:begin_outage("refresh", fault, seconds)
  end
  self:befall("push", 12, PUSH_FAULTS, 10 * MINUTE, HOUR)
  self:befall("push", 1 / 10, { "lost" }, HOUR, 6 * HOUR)
end

-- the gateway's own mishaps ----------------------------------------------------------------------------

local function rest(self)
  local longest = self:draw() < 1 / 20 and 6 * HOUR or 5 * MINUTE
  self.life.clock:advance(self:between(1, longest))
  self.life:start()
  self.calm_since = now(self)
end

function Days:live_on()
  local life = self.life
  if self:happens(1 / 2) then
    life:stop()
    rest(self)
  elseif self:happens(1 / 2) then
    life:kill()
    rest(self)
  elseif self:happens(2) then
    life.dies_in = self:any { "exchange", "refresh" }
  end
  life.clock:advance(STEP)
  if life.wants_kill then
    life:kill()
    rest(self)
  end
end

-- what must hold ---------------------------------------------------------------------------------------

-- Both endpoints and the gateway are up for an hour, and a push came. One with a dead code may cost an attempt, and
-- where requests are scarce the next one is three quarters of an hour later.
local function is_well(self)
  local life = self.life
  local calm_since = math.max(self.calm_since, life.last_stale_push or 0)
  local pushed_at = life.last_fresh_push or -math.huge
  return not is_afflicted(self, "exchange")
    and not is_afflicted(self, "refresh")
    and now(self) - calm_since >= HOUR + SETTLING
    and pushed_at >= calm_since
    and now(self) - pushed_at >= SETTLING
end

function Days:check()
  local token = self.life:token()
  if token then
    assert(self.life:is_live(token.access_token), ("a dead token at %.0f s"):format(now(self)))
  else
    self.without = self.without + 1
    assert(not is_well(self), ("no token at %.0f s though all was well"):format(now(self)))
  end
end

--- All that the ledger shows and must not.
---@return string[]
function Days:complaints()
  local life = self.life
  local entries, options, lost = life.simulator.ledger:after(), life.simulator.options, life.lost
  local found = {
    ledger_audit.budget(entries, "exchange", options.exchange_budget) or false,
    ledger_audit.budget(entries, "refresh", options.refresh_budget) or false,
    ledger_audit.sent_again(entries, "exchange", false, lost) or false,
    ledger_audit.sent_again(entries, "refresh", not self.rotates, lost) or false,
    ledger_audit.needless_exchange(entries, REFRESH_LIFETIME, self.rotates, lost) or false,
  }
  local complaints = {}
  for _, complaint in ipairs(found) do
    table.insert(complaints, complaint or nil)
  end
  return complaints
end

--- Lives through that many days, and ends. Raises at a moment that must not be.
---@param count number
---@return spec.SixtyDays self
function Days:pass(count)
  local ends_at = now(self) + count * DAY
  while now(self) < ends_at do
    self:befall_all()
    self:live_on()
    self:check()
  end
  self.life:close()
  return self
end

--- What came of it, for people.
---@return string
function Days:figures()
  local life = self.life
  return ("%d pushes, %d exchanges (%d ok), %d refreshes (%d ok), %.1f h without a token"):format(
    life:count "push",
    life:count "exchange",
    life:count("exchange", "ok"),
    life:count "refresh",
    life:count("refresh", "ok"),
    self.without * STEP / HOUR
  )
end

--- The life that a seed gives. Every second seed has a provider that rotates refresh tokens.
---@param seed integer
---@return spec.SixtyDays
function sixty_days.new(seed)
  local rotates = seed % 2 == 1
  local life = simulated_life.new {
    seed = seed,
    simulator = { refresh_lifetime = REFRESH_LIFETIME },
    policy = { rotates = rotates },
  }
  if rotates then
    life:fault "refresh:rotation"
  end
  life:start():begin_pushing(1)
  return setmetatable({
    life = life,
    rotates = rotates,
    chance = seed,
    outages = {},
    calm_since = life.clock:boot(),
    without = 0,
  }, Days)
end

return sixty_days
