-- SPDX-License-Identifier: MIT
-- Notices that pushes stopped: one and a half intervals without any. Tells once, and asks for one where the provider
-- can be asked; so it does where a credential is wanted and none is there.

local events = require "usher.keeper.events"
local refresh_policy = require "usher.keeper.refresh_policy"
local view = require "usher.keeper.view"

local watchdog = {}

local NUDGE_SPACING = 600
local FIRST_NUDGE = 2 -- seconds: the listener for the answer must be open

--- Seconds until a push counts as missed; nil: nothing to watch for.
---@param account usher.keeper.Account
---@param now usher.keeper.Now
---@return number?
function watchdog.due_in(account, now)
  local interval = account:push_interval()
  if not interval or account.has_missed_push or account.is_disabled then
    return nil
  end
  return math.max(0, refresh_policy.missed_after(interval) - view.since_push(account, now))
end

local function nudge(keeper, account)
  local ran, request = pcall(account.provider.nudge, account.config, account:context(keeper))
  if not ran or type(request) ~= "table" then
    keeper.log:error(
      "provider_script_failed",
      { account = account.name, kind = "nudge", error = tostring(request) }
    )
    return
  end
  local response, err = keeper:consult(account, request)
  keeper.log:info(
    "nudged",
    { account = account.name, status = response and response.status, error = err and err.code }
  )
end

local function ask(keeper, account, now)
  account.nudged_at = now.boot
  keeper:spawn(nudge, keeper, account)
end

--- Tells of a missed push once it is one.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param now usher.keeper.Now
function watchdog.check(keeper, account, now)
  local due_in = watchdog.due_in(account, now)
  if not due_in or due_in > 0 then
    return
  end
  account.has_missed_push = true
  events.emit(keeper, "push_missed", account, { interval = account:push_interval() })
  if account.provider.nudge then
    ask(keeper, account, now)
  end
end

--- Seconds until the provider may be asked for the push that is waited for; nil: it cannot be asked, or need not.
---@param account usher.keeper.Account
---@param plan usher.keeper.Plan
---@param now usher.keeper.Now
---@return number?
function watchdog.nudge_in(account, plan, now)
  if not plan.waits_for or not account.provider.nudge or account.needs_person then
    return nil
  end
  local last = account.nudged_at
  return math.max(0, (last and last + NUDGE_SPACING or account.listening_since + FIRST_NUDGE) - now.boot)
end

--- Asks for a push where one is waited for and the provider may be asked. Does not wait.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param plan usher.keeper.Plan
---@param now usher.keeper.Now
function watchdog.ask(keeper, account, plan, now)
  if watchdog.nudge_in(account, plan, now) == 0 then
    ask(keeper, account, now)
  end
end

--- A push came.
---@param account usher.keeper.Account
function watchdog.reset(account)
  account.has_missed_push = false
end

return watchdog
