-- SPDX-License-Identifier: MIT
-- Asks a provider again and again whether a person has decided (RFC 8628, 3.4), until it gives tokens or a refusal.

local authorization = require "usher.keeper.authorization"
local errors = require "usher.errors"
local outcome = require "usher.keeper.outcome"
local planner = require "usher.keeper.planner"
local saver = require "usher.keeper.saver"
local token_set = require "usher.model.token_set"

local polling = {}

local SLOW_DOWN = 5 -- RFC 8628, 3.5
local LONGEST_INTERVAL = 60 -- where nobody asks for a longer one

-- Where the account makes no attempts any more, since the keeper stops or a reload has removed it, that is no reason to
-- lose them.
local function save(keeper, account, tokens, sent_at)
  local function unsaved()
    return {
      kind = "exchange",
      change = { token_set = tokens, subject = account:subject() },
      base = account.record,
      expires = sent_at.boot + tokens.expires_at - tokens.issued_at,
      must_save = true,
    }
  end
  local config = account.config
  local flight = planner.run_next(keeper, account, function()
    return { kind = "save", delay = 0, unsaved = unsaved() }
  end)
  if flight or account.config ~= config then
    return flight ~= nil and flight.ok == true
  end
  return saver.save(keeper, account, unsaved()) == true
end

-- The provider gives them once: they are kept however the authorization has ended meanwhile, but not for another
-- configuration than the one they were asked with.
local function adopt(keeper, self, config, answer, sent_at)
  local account = self.account
  if account.config ~= config or not keeper:keeps(account) then
    return
  end
  local tokens, malformed = token_set.from_answer(answer, sent_at.wall, nil, account.policy.lifetimes)
  if not tokens then
    return authorization.finish(keeper, self, malformed)
  end
  if self.status == "pending" then
    self.status = "exchanging"
  end
  authorization.conclude(keeper, self, save(keeper, account, tokens, sent_at))
end

local function ask(keeper, self)
  local account = self.account
  local request = account.provider.poll(account.config, self.pending, account:context(keeper))
  local sent_at = keeper:now()
  local response, err = keeper:consult(account, request)
  return outcome.of(account, "poll", response, err, sent_at.wall), sent_at
end

-- The next interval, or nil where that was the last answer.
local function heed(keeper, self, result, interval)
  if result.class == "pending" then
    return interval
  elseif result.class == "slow_down" then
    return interval + SLOW_DOWN
  elseif result.class == "retryable" or result.class == "budget" then
    return math.max(interval, math.min(LONGEST_INTERVAL, interval * 2), result.retry_after or 0)
  end
  local message = "the provider refused: " .. result.error
  authorization.finish(keeper, self, { code = result.error, message = message })
end

--- Polls until the authorization has ended. Waits.
---@param keeper usher.Keeper
---@param self usher.keeper.Authorization
---@param interval number seconds until the first poll, and between two unless the provider wants more
function polling.run(keeper, self, interval)
  local config = self.account.config
  while interval do
    keeper.clock:wait(self.ended, interval)
    if self.status ~= "pending" then
      return
    end
    local ran, result, sent_at = pcall(ask, keeper, self)
    if not ran then
      keeper.log:error(
        "provider_script_failed",
        { account = self.account.name, kind = "poll", error = tostring(result) }
      )
      return authorization.finish(keeper, self, errors.new "internal")
    elseif result.class == "ok" then
      return adopt(keeper, self, config, result.answer, sent_at)
    end
    interval = heed(keeper, self, result, interval)
  end
end

return polling
