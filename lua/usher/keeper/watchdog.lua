-- SPDX-License-Identifier: MIT
-- Notices that pushes stopped: one and a half intervals without any. Tells once, and asks for one where the provider
-- can be asked.

local events = require "usher.keeper.events"
local refresh_policy = require "usher.keeper.refresh_policy"
local view = require "usher.keeper.view"

local watchdog = {}

local NUDGE_TIMEOUT_MS = 10000

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
  request.timeout_ms, request.ca_file = NUDGE_TIMEOUT_MS, account.config.ca_file
  local response, err = keeper:perform(account, request)
  keeper.log:info(
    "nudged",
    { account = account.name, status = response and response.status, error = err and err.code }
  )
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
    keeper:spawn(nudge, keeper, account)
  end
end

--- A push came.
---@param account usher.keeper.Account
function watchdog.reset(account)
  account.has_missed_push = false
end

return watchdog
