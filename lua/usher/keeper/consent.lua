-- SPDX-License-Identifier: MIT
-- Has a person decide at the provider, and exchanges the code that a callback brings for it.

local authorization = require "usher.keeper.authorization"
local discovery = require "usher.keeper.discovery"
local errors = require "usher.errors"
local planner = require "usher.keeper.planner"
local polling = require "usher.keeper.polling"
local records = require "usher.keeper.records"

local consent = {}

local LONGEST_PAUSE = 60

-- codes -----------------------------------------------------------------------------------------------

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
  -- One that may be exchanged again is kept although it has brought a token.
  local function is_kept()
    return find_push(account, sequence) and (account:is_single_use() or account.failures > 0)
  end
  if account.is_stale then
    records.reload(keeper, account)
  end
  if not await_attempts(keeper, account, sequence) then
    planner.run_next(keeper, account, function()
      local push = find_push(account, sequence)
      return push and { kind = "exchange", delay = 0, push = push, is_forced = true }
    end)
  end
  while self.status == "exchanging" and is_kept() and not is_hopeless() do
    account.waiters:wait(keeper.clock, LONGEST_PAUSE)
  end
  authorization.conclude(keeper, self, account.failures == 0 and not account.is_stale)
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

-- asking ----------------------------------------------------------------------------------------------

-- What the script gives, after the request that it may want to be sent first.
local function ask(keeper, account, loopback_port)
  local context = account:context(keeper)
  context.loopback_port = loopback_port
  context.callback_url = keeper.callback_url and keeper.callback_url(account.config.callback_path)
  local begun, err = account.provider.authorize(account.config, context)
  if begun and begun.request then
    context.response, err = keeper:consult(account, begun.request)
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
    keeper:spawn(polling.run, keeper, self, begun.interval)
  end
  return authorization.prompt(self)
end

return consent
