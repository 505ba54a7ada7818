-- SPDX-License-Identifier: MIT
-- What programs that need a token ask for, and how long they wait for it.

local core = require "usher.core"
local errors = require "usher.errors"
local planner = require "usher.keeper.planner"
local refresh_policy = require "usher.keeper.refresh_policy"

local consumer = {}

local DEFAULT_WAIT = 10
local LONGEST_WAIT = 60
local RETRY_CREDENTIAL = 10
local RETRY_PERSON = 60
local LONGEST_RETRY = 3600

local function bounded(seconds)
  return math.min(LONGEST_RETRY, math.max(1, math.ceil(seconds)))
end

-- Our own budget, the provider's word, or what spares the rest of the day's requests.
local function is_out_of_budget(account)
  local gate = account.plan.gate
  return gate == "budget" or gate == "closed" or gate == "spacing" and account.failures == 0
end

-- What became of the credential where one has come; nil: none has.
local function refusal_of(account)
  local last = account.last_error
  return last
    and account.record.last_push_at
    and ("the pushed credential brought no token (%s): the next one is awaited"):format(last.code)
end

-- Why there is no token to give.
local function failure(keeper, account)
  local status, plan = account.status, account.plan
  local seconds = plan.at and plan.at - keeper.clock:boot() or 1
  if not keeper:keeps(account) then
    return errors.fail "unknown_account"
  elseif status == "disabled" then
    return errors.fail("temporarily_unavailable", "the account is disabled", { retry_after = RETRY_PERSON })
  elseif status == "awaiting_credential" then
    return errors.fail("awaiting_credential", refusal_of(account), { retry_after = RETRY_CREDENTIAL })
  elseif status == "reauthorization_required" then
    return errors.fail("reauthorization_required", nil, { retry_after = RETRY_PERSON })
  elseif not account.flight and is_out_of_budget(account) then
    return errors.fail("budget_exhausted", nil, { retry_after = bounded(seconds) })
  end
  local last = account.last_error
  local message = last and ("no valid token right now: the last attempt ended with %s"):format(last.code)
  return errors.fail("temporarily_unavailable", message, { retry_after = bounded(seconds) })
end

-- The newest valid token, or why there is none.
local function newest(keeper, account)
  local answer = account:answer(keeper:now())
  if answer then
    return answer
  end
  return failure(keeper, account)
end

local function satisfies(account, now, min_ttl)
  local left, life = account:left(now), account:life()
  return left >= min_ttl or refresh_policy.is_young(life - left, life)
end

local function await(keeper, account, deadline, is_over)
  while not is_over() and not keeper.is_stopped and not keeper.is_closing and keeper:keeps(account) do
    local left = deadline - keeper.clock:boot()
    if left <= 0 then
      return
    end
    account.waiters:wait(keeper.clock, left)
  end
end

-- Whether waiting may help: an attempt is under way or comes in time, or the consumer said how long it waits.
local function may_come(keeper, account, deadline, is_patient)
  if account.flight or keeper.is_leaving then
    return account.flight ~= nil
  end
  return is_patient or account.plan.at and account.plan.at <= deadline
end

local function await_token(keeper, account, deadline, is_patient)
  await(keeper, account, deadline, function()
    return account:answer(keeper:now()) or not may_come(keeper, account, deadline, is_patient)
  end)
end

--- The token to use. At most one attempt is started, and none before its due time without `min_ttl`.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param options? {min_ttl: number?, wait: number?} seconds
---@return table? token {access_token, token_type, expires_in, expires_at}
---@return usher.Error? err with `retry_after`
function consumer.token(keeper, account, options)
  local min_ttl, wait = options and options.min_ttl, options and options.wait
  local now = keeper:now()
  local deadline = now.boot + math.max(0, math.min(LONGEST_WAIT, wait or DEFAULT_WAIT))
  local answer = account:answer(now)
  if not answer then
    keeper.scheduler:catch_up()
  end
  if answer and (not min_ttl or satisfies(account, now, min_ttl)) then
    return answer
  elseif answer then
    local flight = planner.start_early(keeper, account, false)
    await(keeper, account, deadline, function()
      return not flight or flight.is_done
    end)
  else
    await_token(keeper, account, deadline, wait ~= nil)
  end
  return newest(keeper, account)
end

-- Nothing is to be done about a token that has been replaced already.
local function is_replaced(account, rejected)
  local tokens = account.record.token_set
  return rejected ~= nil and tokens ~= nil and not core.secret.equal(rejected, tokens.access_token)
end

local function with_refreshed(answer, is_refreshed)
  answer.refreshed = is_refreshed
  return answer
end

--- One attempt at once, whatever schedule and backoff say.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param options? {rejected: string?} a token that was refused: nothing happens unless it is the current one
---@return table? token as from `token`, and `refreshed`
---@return usher.Error? err budget_exhausted, or why there is no token
function consumer.refresh(keeper, account, options)
  local answer = account:answer(keeper:now())
  if answer and is_replaced(account, options and options.rejected) then
    return with_refreshed(answer, false)
  end
  local deadline = keeper.clock:boot() + LONGEST_WAIT
  local flight = planner.start_early(keeper, account, true)
  await(keeper, account, deadline, function()
    return not flight or flight.is_done
  end)
  if flight and flight.err and flight.err.code == "budget_exhausted" then
    return nil, flight.err
  end
  await_token(keeper, account, deadline, false)
  local token, err = newest(keeper, account)
  return token and with_refreshed(token, flight ~= nil and flight.ok == true), err
end

return consumer
