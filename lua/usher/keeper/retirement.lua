-- SPDX-License-Identifier: MIT
-- Accounts that are no longer kept: an attempt under way ends as if nothing had happened, and what it brings is put on
-- disk. Until then whoever brings the account back gets the same live value: it never has two attempts at once.

local authorization = require "usher.keeper.authorization"
local planner = require "usher.keeper.planner"
local records = require "usher.keeper.records"

local retirement = {}

local FLIGHT_SECONDS = 60

local function is_retiring(keeper, of)
  return keeper.retiring[of.name] == of
end

local function settle(keeper, of)
  local delay = of.flight and FLIGHT_SECONDS or of.unsaved.retry_at - keeper.clock:boot()
  if delay > 0 then
    of.waiters:wait(keeper.clock, delay)
  else
    planner.launch(keeper, of, { kind = "save" })
  end
end

-- What is left when the keeper stops is its own to save and forget.
local function see_out(keeper, of)
  while is_retiring(keeper, of) and (of.flight or of.unsaved and not keeper.is_stopped) do
    settle(keeper, of)
  end
  if is_retiring(keeper, of) and not keeper.is_stopped then
    keeper.retiring[of.name] = nil
    records.forget(keeper, of)
  end
end

--- Keeps the account no longer. What it has on disk stays there. Does not wait.
---@param keeper usher.Keeper
---@param of usher.keeper.Account
function retirement.begin(keeper, of)
  keeper.accounts[of.name], keeper.retiring[of.name] = nil, of
  keeper.scheduler:set(of.name, nil)
  authorization.cancel(keeper, of)
  of.waiters:wake()
  keeper:spawn(see_out, keeper, of)
end

--- Keeps an account again whose retirement has not ended; the caller plans what it does next. Does not wait.
---@param keeper usher.Keeper
---@param name string
---@return usher.keeper.Account? of nil: there is none of that name
function retirement.take_back(keeper, name)
  local of = keeper.retiring[name]
  if of then
    keeper.accounts[name], keeper.retiring[name] = of, nil
  end
  return of
end

return retirement
