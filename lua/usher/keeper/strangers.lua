-- SPDX-License-Identifier: MIT
-- Tenants that are asked for by a name that has never had a token. Whoever may ask can make names up, and each costs
-- the platform some requests: so many at once are tried and no more, and one that comes to nothing keeps its place for
-- a while without another request.

local errors = require "usher.errors"
local planner = require "usher.keeper.planner"
local roster = require "usher.keeper.roster"

local strangers = {}

local MAX_STRANGERS = 100 -- of one account
local HOPELESS = 5 -- failures in a row
local REST = 600 -- seconds
local LATE = 60 -- seconds that forgetting one may take

local function is_stranger(of)
  return of.own_credential ~= nil and not of.record.token_set
end

--- Whether the account may have one more.
---@param parent usher.keeper.Account
---@return true? ok
---@return usher.Error? err temporarily_unavailable
function strangers.admit(parent)
  local count = 0
  for _, of in pairs(parent.tenants) do
    count = count + (is_stranger(of) and 1 or 0)
  end
  if count >= MAX_STRANGERS then
    return errors.fail("temporarily_unavailable", "too many tenants without a token", { retry_after = REST })
  end
  return true
end

--- Whether it has been tried often enough.
---@param of usher.keeper.Account
---@return boolean
function strangers.is_hopeless(of)
  return is_stranger(of) and not of.flight and of.failures >= HOPELESS
end

-- In its turn. Nothing of it is on disk.
local function let_go(keeper, of)
  if keeper:keeps(of) and strangers.is_hopeless(of) then
    roster.drop(keeper, of)
  end
end

--- Has one rest, then forgets it. Waits.
---@param keeper usher.Keeper
---@param of usher.keeper.Account
function strangers.retire(keeper, of)
  if of.rests_until then
    return
  end
  of.rests_until = keeper.clock:boot() + REST
  of.backoff_until, of.is_backoff_clearable = of.rests_until + LATE, false
  planner.consider(keeper, of)
  while keeper:keeps(of) and not keeper.is_stopped and keeper.clock:boot() < of.rests_until do
    of.waiters:wait(keeper.clock, of.rests_until - keeper.clock:boot())
  end
  of.rests_until = nil
  if not keeper.is_stopped then
    roster.in_turn(keeper, of.name, let_go, keeper, of)
  end
end

return strangers
