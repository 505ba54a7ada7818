-- SPDX-License-Identifier: MIT
-- Takes pushes in: checked against the pinned subject, durable, and only then acted upon.

local budget = require "usher.model.budget"
local consent = require "usher.keeper.consent"
local errors = require "usher.errors"
local events = require "usher.keeper.events"
local planner = require "usher.keeper.planner"
local records = require "usher.keeper.records"
local watchdog = require "usher.keeper.watchdog"

local intake = {}

local QUIET = 60 -- seconds between log lines about refused pushes of one account

local function refuse(keeper, account)
  local now = keeper.clock:boot()
  account.refused_pushes = (account.refused_pushes or 0) + 1
  if now >= (account.quiet_until or 0) then
    account.quiet_until = now + QUIET
    local fields = { account = account.name, reason = "another subject", count = account.refused_pushes }
    keeper.log:warn("push_refused", fields)
    account.refused_pushes = 0
  end
  return errors.fail("forbidden", "a push for another subject")
end

local function expiry_of(account, push, received_at)
  local seconds = push.valid_for or account.policy.credential_ttl
  return seconds and received_at + math.floor(seconds)
end

local function keep(keeper, account, push)
  -- What is not UTF-8 has no form on disk.
  if not utf8.len(push.credential) or not utf8.len(push.subject or "") then
    return errors.fail("bad_request", "a credential that is not UTF-8")
  end
  local received_at = math.floor(keeper.clock:wall())
  local sequence, err = keeper.store:offer(account.name, {
    subject = push.subject,
    credential = push.credential,
    received_at = received_at,
    expires_at = expiry_of(account, push, received_at),
  }, account:subject())
  keeper:note_store(err)
  return sequence, err
end

-- A push ends the wait that a failure brought; spacing and closed kinds stay.
local function note(keeper, account)
  account.tally.pushes = account.tally.pushes + 1
  account.pushes = budget.add(account.pushes, keeper.clock:wall(), 1)
  watchdog.reset(account)
  if account.is_backoff_clearable then
    account.backoff_until = nil
  end
  events.emit(keeper, "push_received", account)
end

--- Takes a push. Durable when it returns; an exchange that it leads to is not waited for.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param push {subject: string?, credential: string, valid_for: number?, authorization: usher.keeper.Authorization?}
---@return true? ok also for one that was received before
---@return usher.Error? err forbidden: not the pinned subject; bad_request: not UTF-8; else of the store
function intake.offer(keeper, account, push)
  local subject = account:subject()
  if subject and push.subject and push.subject ~= subject then
    return refuse(keeper, account)
  end
  keeper.log:conceal(push.credential)
  local sequence, err = keep(keeper, account, push)
  local is_repeat = err and err.code == "repeat"
  -- A repeated one may be new to this process: the store can say no to what is durable all the same.
  if sequence or is_repeat then
    records.reload(keeper, account)
  end
  keeper.log:release(push.credential)
  if sequence then
    note(keeper, account)
  end
  if sequence or is_repeat then
    planner.consider(keeper, account)
  end
  if push.authorization then
    consent.receive(keeper, push.authorization, sequence, err)
  end
  return (sequence or is_repeat) and true or nil, not is_repeat and err or nil
end

return intake
