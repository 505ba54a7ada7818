-- SPDX-License-Identifier: MIT
-- Providers that answer with the same access token until its end, whatever life they tell: it counts from the first
-- answer, and another token is asked for ever closer to that end.

local repetition = {}

local CLOSE_TO_END = 60
local OF_LIFE = 1 / 4
local BEYOND_END = 1 / 4 -- the provider counts from when it answered
-- A provider that repeats a token for so long after its end had told a life too short.
local INSISTS_AFTER = 60

--- Seconds to wait before asking again where an answer brings the present token once more; nil: it is another one, or
--- to be taken as it is.
---@param account usher.keeper.Account
---@param tokens usher.TokenSet of the answer
---@param now usher.keeper.Now
---@return number?
function repetition.wait(account, tokens, now)
  local present, left = account.record.token_set, account:left(now)
  local is_repeated = account.policy.repeats_token
    and present ~= nil
    and present.access_token == tokens.access_token
    and left > -INSISTS_AFTER
  if not is_repeated then
    return nil
  end
  return left > CLOSE_TO_END and left * OF_LIFE or math.max(0, left) + BEYOND_END
end

return repetition
