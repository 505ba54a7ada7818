-- SPDX-License-Identifier: MIT
-- Keeps each account's plan current and its attempts single: the only place that starts one.

local attempt = require "usher.keeper.attempt"
local choice = require "usher.keeper.choice"
local errors = require "usher.errors"
local lifecycle = require "usher.keeper.lifecycle"
local revocation = require "usher.keeper.revocation"
local saver = require "usher.keeper.saver"
local view = require "usher.keeper.view"
local watchdog = require "usher.keeper.watchdog"

local planner = {}

local SLACK = 0.001 -- a timer's resolution
local LONGEST_SLEEP = 3600

-- One that is disabled asks nothing of the provider, but puts on disk what it was given before.
local function plan_anew(keeper, account, now)
  local seen = view.of(account, now)
  local plan = account.is_disabled and (choice.save(seen) or {}) or choice.next(seen)
  plan.at = plan.delay and now.boot + plan.delay
  account.plan = plan
  lifecycle.rest(keeper, account, seen, plan)
  watchdog.ask(keeper, account, plan, now)
  return plan, seen
end

-- When to look at the account again: when its token expires, which changes its status, and at the latest in an hour,
-- since budgets open and credentials expire meanwhile.
local function wake_at(account, plan, seen, now)
  local wake_in = math.min(
    LONGEST_SLEEP,
    seen.left and seen.left > 0 and seen.left or math.huge,
    plan.recheck_in or math.huge,
    watchdog.due_in(account, now) or math.huge,
    watchdog.nudge_in(account, plan, now) or math.huge
  )
  return math.min(plan.at or math.huge, now.boot + wake_in)
end

local function schedule(keeper, account, plan, seen, now)
  keeper.scheduler:set(account.name, wake_at(account, plan, seen, now), seen.left or 0)
end

--- Chooses anew what the account does next, and sees that it is done in time. No effect while an attempt is under way,
--- since its end does the same. Does not wait.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
function planner.consider(keeper, account)
  if keeper.is_stopped or account.flight or not keeper:keeps(account) then
    return
  end
  local now = keeper:now()
  watchdog.check(keeper, account, now)
  local plan, seen = plan_anew(keeper, account, now)
  schedule(keeper, account, plan, seen, now)
end

local flights = { exchange = attempt.run, refresh = attempt.run, revoke = revocation.run }

function flights.save(keeper, account, plan)
  return saver.save(keeper, account, plan.unsaved or account.unsaved)
end

---@class usher.keeper.Flight
---@field plan usher.keeper.Plan
---@field is_done boolean
---@field ok? boolean
---@field err? usher.Error

--- Starts an attempt, which is the account's only one until it ends. Does not wait.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param plan usher.keeper.Plan
---@return usher.keeper.Flight flight
function planner.launch(keeper, account, plan)
  local flight = { plan = plan, is_done = false }
  account.flight = flight
  keeper.scheduler:set(account.name, nil)
  keeper:spawn(function()
    local ran, ok, err = xpcall(flights[plan.kind], debug.traceback, keeper, account, plan)
    if not ran then
      keeper:note_fault(account, ok)
      ok, err = nil, nil
    end
    flight.is_done, flight.ok, flight.err = true, ok, err
    account.flight = nil
    planner.consider(keeper, account)
    account.waiters:wake()
    keeper:note_flight(account)
  end)
  return flight
end

--- The time set for the account has come. Does not wait.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
function planner.act(keeper, account)
  if keeper.is_stopped or account.flight then
    return
  end
  local now = keeper:now()
  watchdog.check(keeper, account, now)
  local plan, seen = plan_anew(keeper, account, now)
  if plan.kind and plan.delay <= SLACK then
    planner.launch(keeper, account, plan)
  else
    schedule(keeper, account, plan, seen, now)
  end
end

--- Starts an attempt before its time, or finds the one under way.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param is_forced boolean whatever backoff and spacing say
---@return usher.keeper.Flight? flight nil: there is nothing to attempt
function planner.start_early(keeper, account, is_forced)
  if account.flight or keeper.is_stopped or account.is_disabled or not keeper:keeps(account) then
    return account.flight
  end
  local plan = choice.early(view.of(account, keeper:now()), is_forced)
  return plan and planner.launch(keeper, account, plan)
end

--- Waits until the flight has ended, or the keeper stops.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param flight usher.keeper.Flight
function planner.await(keeper, account, flight)
  while not flight.is_done and not keeper.is_stopped do
    account.waiters:wait(keeper.clock, LONGEST_SLEEP)
  end
end

--- Makes an attempt of its own once the one under way has ended. Waits.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param make fun(): usher.keeper.Plan? what to attempt; nil: nothing any more
---@return usher.keeper.Flight? flight that has ended; nil: there was none
function planner.run_next(keeper, account, make)
  while account.flight and not keeper.is_stopped do
    planner.await(keeper, account, account.flight)
  end
  if keeper.is_stopped or account.is_disabled or not keeper:keeps(account) then
    return nil
  end
  local plan = make()
  local flight = plan and planner.launch(keeper, account, plan) or nil
  if flight then
    planner.await(keeper, account, flight)
  end
  return flight
end

--- Has the provider revoke the account's tokens, and forgets them. Waits.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@return true? ok
---@return usher.Error? err
function planner.revoke(keeper, account)
  if not account.provider.revoke then
    return errors.fail("not_implemented", "this provider's tokens cannot be revoked")
  end
  local flight = planner.run_next(keeper, account, function()
    return { kind = "revoke" }
  end)
  if flight and flight.ok then
    return true
  end
  return nil, flight and flight.err or errors.new "temporarily_unavailable"
end

return planner
