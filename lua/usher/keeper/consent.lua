-- SPDX-License-Identifier: MIT
-- Has a person decide at the provider, and gets the tokens for it: by the code that a callback brings, or by polling.

local authorization = require "usher.keeper.authorization"
local discovery = require "usher.keeper.discovery"
local errors = require "usher.errors"
local outcome = require "usher.keeper.outcome"
local planner = require "usher.keeper.planner"
local token_set = require "usher.model.token_set"

local consent = {}

local TIMEOUT_MS = 10000
local SLOW_DOWN = 5 -- RFC 8628, 3.5
local LONGEST_INTERVAL = 60 -- where nobody asks for a longer one
local LONGEST_PAUSE = 60

-- tokens ----------------------------------------------------------------------------------------------

-- How the account tells of its last attempt.
local function failure_of(account)
  local last = account.last_error or { code = "temporarily_unavailable" }
  return { code = last.code, message = "the provider did not give a token: " .. last.code }
end

local function conclude(keeper, self, has_token)
  authorization.finish(keeper, self, not has_token and failure_of(self.account) or nil)
end

local function find_push(account, sequence)
  for _, push in ipairs(account.record.pushes) do
    if push.sequence == sequence then
      return push
    end
  end
end

-- Waits for attempts under way. Whether one was of this push: the schedule was sooner, and tries again in its time.
local function await_attempts(keeper, account, sequence)
  local is_tried = false
  while account.flight and not keeper.is_stopped do
    local push = account.flight.plan.push
    is_tried = is_tried or push ~= nil and push.sequence == sequence
    planner.await(keeper, account, account.flight)
  end
  return is_tried
end

-- A code lives for a minute or so: it is exchanged whatever the present token is good for. As long as it is kept it may
-- yet bring a token, but for what a person must change first.
local function exchange(keeper, self, sequence)
  local account, earlier = self.account, self.account.last_error
  local function is_hopeless()
    local last = account.last_error
    return last ~= nil and last ~= earlier and last.class == "configuration"
  end
  if not await_attempts(keeper, account, sequence) then
    planner.run_next(keeper, account, function()
      local push = find_push(account, sequence)
      return push and { kind = "exchange", delay = 0, push = push, is_forced = true }
    end)
  end
  while self.status == "exchanging" and find_push(account, sequence) and not is_hopeless() do
    account.waiters:wait(keeper.clock, LONGEST_PAUSE)
  end
  conclude(keeper, self, account.failures == 0)
end

--- A callback has brought what ends this authorization. Does not wait.
---@param keeper usher.Keeper
---@param self usher.keeper.Authorization
---@param sequence? integer of the push that is kept
---@param err? usher.Error why it is not
function consent.receive(keeper, self, sequence, err)
  if not sequence then
    return authorization.finish(keeper, self, err)
  end
  self.status = "exchanging"
  keeper:spawn(exchange, keeper, self, sequence)
end

local function adopt(keeper, self, answer, sent_at)
  local account = self.account
  local tokens, malformed = token_set.from_answer(answer, sent_at.wall, nil, account.policy.lifetimes)
  if not tokens then
    return authorization.finish(keeper, self, malformed)
  end
  self.status = "exchanging"
  local flight = planner.run_next(keeper, account, function()
    local unsaved = {
      kind = "exchange",
      change = { token_set = tokens, subject = account:subject() },
      base = account.record,
      expires = sent_at.boot + tokens.expires_at - tokens.issued_at,
      must_save = true,
    }
    return { kind = "save", delay = 0, unsaved = unsaved }
  end)
  conclude(keeper, self, flight ~= nil and flight.ok == true)
end

-- polling ---------------------------------------------------------------------------------------------

local function perform(keeper, account, request)
  request.timeout_ms, request.ca_file = TIMEOUT_MS, account.config.ca_file
  return keeper:perform(account, request)
end

local function poll_once(keeper, self)
  local account, context = self.account, self.account:context(keeper)
  local request = account.provider.poll(account.config, self.pending, context)
  local sent_at = keeper:now()
  local response, err = perform(keeper, account, request)
  return outcome.of(account, "poll", response, err, sent_at.wall), sent_at
end

-- The next interval, or nil where the authorization has ended.
local function heed(keeper, self, result, sent_at, interval)
  if self.status ~= "pending" then
    return nil
  elseif result.class == "ok" then
    adopt(keeper, self, result.answer, sent_at)
    return nil
  elseif result.class == "pending" then
    return interval
  elseif result.class == "slow_down" then
    return interval + SLOW_DOWN
  elseif result.class == "retryable" or result.class == "budget" then
    return math.max(interval, math.min(LONGEST_INTERVAL, interval * 2), result.retry_after or 0)
  end
  local message = "the provider refused: " .. result.error
  authorization.finish(keeper, self, { code = result.error, message = message })
end

local function poll(keeper, self, interval)
  while interval do
    keeper.clock:wait(self.ended, interval)
    if self.status ~= "pending" then
      return
    end
    local ran, result, sent_at = pcall(poll_once, keeper, self)
    if not ran then
      keeper.log:error(
        "provider_script_failed",
        { account = self.account.name, kind = "poll", error = tostring(result) }
      )
      return authorization.finish(keeper, self, errors.new "internal")
    end
    interval = heed(keeper, self, result, sent_at, interval)
  end
end

-- asking ----------------------------------------------------------------------------------------------

-- What the script gives, after the request that it may want to be sent first.
local function ask(keeper, account, loopback_port)
  local context = account:context(keeper)
  context.loopback_port = loopback_port
  context.callback_url = keeper.callback_url and keeper.callback_url(account.config.callback_path)
  local begun, err = account.provider.authorize(account.config, context)
  if begun and begun.request then
    context.response, err = perform(keeper, account, begun.request)
    if err then
      return errors.fail("temporarily_unavailable", "the provider does not answer: " .. err.message)
    end
    begun, err = account.provider.authorize(account.config, context)
  end
  return begun, err
end

--- Has a person asked to authorize. Replaces what was asked before. Waits for the provider where it must.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param options? {loopback_port: integer?} of this machine, where a redirect is awaited instead of at the callback
---@return usher.keeper.Prompt? prompt
---@return usher.Error? err not_implemented: nobody can authorize this account
function consent.begin(keeper, account, options)
  if account.is_disabled or not account.provider.authorize or account.own_credential then
    return errors.fail("not_implemented", "this account needs no authorization by a person")
  end
  local known, unknown = discovery.ensure(keeper, account)
  if not known then
    local code = unknown.class == "configuration" and "bad_configuration" or "temporarily_unavailable"
    return errors.fail(code, "the provider's metadata could not be read: " .. unknown.error)
  end
  local config = account.config
  local ran, begun, err = xpcall(ask, debug.traceback, keeper, account, options and options.loopback_port)
  if not ran then
    keeper.log:error(
      "provider_script_failed",
      { account = account.name, kind = "authorize", error = tostring(begun) }
    )
    return errors.fail "internal"
  elseif not begun then
    return nil, err
  elseif keeper.is_stopped or not keeper:keeps(account) or account.config ~= config then
    return errors.fail "cancelled"
  end
  local self = authorization.open(keeper, account, begun)
  if begun.interval then
    keeper:spawn(poll, keeper, self, begun.interval)
  end
  return authorization.prompt(self)
end

return consent
