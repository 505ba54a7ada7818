-- SPDX-License-Identifier: MIT
-- One account's live value: the record as last read from the store, and what only this process knows. No I/O, and
-- nothing here decides anything.

local budget = require "usher.model.budget"
local refresh_policy = require "usher.keeper.refresh_policy"
local waiters = require "usher.keeper.waiters"

local account = {}

-- Two clocks that differ by less tell the same time.
local CLOCK_DRIFT = 0.1

-- A token that was issued later than now: the clock was set back while we were away, and nothing tells its age.
local CLOCK_TOLERANCE = 5

---@class usher.keeper.Now both clocks, read together
---@field wall number
---@field boot number

---@class usher.keeper.Tally what has happened since the process began to keep the account
---@field pushes integer
---@field attempts table<"exchange"|"refresh", table<string, integer>> kind -> class of the outcome -> count

---@class usher.keeper.Account
---@field name string
---@field provider usher.Provider
---@field config table
---@field policy usher.Policy
---@field pinned? string the configured subject
---@field is_disabled boolean
---@field record table as the store gave it
---@field status? string written by keeper/lifecycle.lua alone
---@field plan usher.keeper.Plan the last choice, with `at` on the boot clock
---@field flight? table the attempt under way
---@field waiters usher.keeper.Waiters those who wait for a token or for the flight's end
---@field expires? number boot time of the access token's expiry, where this process knows it better than the disk
---@field has_refresh boolean the provider would refresh this token set
---@field failures integer in a row
---@field has_failed_before boolean in an earlier process
---@field last_error? {class: string, code: string, at: integer}
---@field backoff_until? number boot time
---@field is_backoff_clearable boolean a push ends the backoff
---@field closures table<string, {till: number?, count: integer}> kinds that the provider closed, by boot time
---@field last_attempts table<string, number> kind -> boot time
---@field refused integer credentials refused in a row
---@field refused_in table<integer, integer> hour -> credentials refused
---@field refusals table<string, integer> subject -> refusals, before a subject is known
---@field superseded table<integer, true> sequences of credentials given up with an unknown outcome
---@field pushes table<integer, integer> hour -> pushes that this process has received
---@field tally usher.keeper.Tally
---@field unsaved? table a token set that the store could not take yet
---@field uncounted table<string, table> kind -> buckets of requests that the store could not count
---@field is_stale? boolean its record could not be read when last tried: the store may know more
---@field last_read integer number of the store read that the record comes from
---@field listening_since number boot time
---@field has_missed_push boolean and has told so
---@field nudged_at? number boot time
---@field watched? string what its file was like when it was last read
---@field tenants table<string, usher.keeper.Account> by name, of a platform
---@field parent? usher.keeper.Account of a tenant: its platform's
---@field tenant? string its name
---@field is_loaded? boolean its record has been read
---@field refused_token? string a token of the platform's that was refused
---@field waits_for_platform? boolean an attempt failed by it, and another one is asked for
---@field rests_until? number boot time when a tenant that has never had a token is forgotten
---@field is_low table<string, boolean> kind -> told that little of the budget is left
---@field noted table<string, boolean> oddities of answers that were told
---@field damage? string what is wrong with the account's record on disk, which is left as it is
---@field own_credential? usher.keeper.Push what to exchange where nothing is pushed
---@field needs_person boolean nobody but a person brings a credential
---@field metadata? table what the provider's discovery gave
---@field metadata_until? number boot time
---@field authorization? usher.keeper.Authorization the last one by a person
local Account = {}
Account.__index = Account
Account.__name = "usher.keeper.account"

local EMPTY_RECORD = { version = 0, epoch = 0, pushes = {}, push_gaps = {}, budgets = {} }

--- Whom the account belongs to, once that is known.
---@return string?
function Account:subject()
  return self.pinned or self.record.subject
end

--- What the provider script's functions are told besides their arguments.
---@param keeper {clock: usher.Clock, random: fun(count: integer): string}
---@return usher.provider.Context
function Account:context(keeper)
  local context = { now = math.floor(keeper.clock:wall()), random = keeper.random, metadata = self.metadata }
  if self.parent then
    local answer, pushes = self.parent:answer(keeper:now()), self.parent.record.pushes
    local newest = pushes[#pushes]
    context.parent =
      { access_token = answer and answer.access_token, credential = newest and newest.credential }
  end
  return context
end

--- Whether requests can be made: those of a tenant need its platform's token.
---@param now usher.keeper.Now
---@return boolean
function Account:is_equipped(now)
  return not self.parent or self.parent:answer(now) ~= nil
end

--- Whether it is a tenant's that nobody knows yet.
---@return boolean
function Account:is_nameless()
  return self.parent ~= nil and self.config.tenant == nil
end

--- Whether a credential is good for one exchange.
---@return boolean
function Account:is_single_use()
  return self.policy.single_use ~= false
end

--- Seconds between pushes, where known. A person's authorizations come when they come.
---@return number?
function Account:push_interval()
  -- What is pushed for a tenant comes when it authorizes.
  local is_regular = not self.parent and not self.needs_person
  return is_regular and refresh_policy.push_interval(self.policy, self.record.push_gaps) or nil
end

---@param kind "exchange"|"refresh"
---@return integer? requests a day
function Account:limit(kind)
  return self.policy.budgets and self.policy.budgets[kind]
end

--- What counts against the limit: the store's count, and what it could not be told.
---@param kind "exchange"|"refresh"
---@return table<integer, integer>
function Account:buckets(kind)
  return budget.sum(self.record.budgets[kind], self.uncounted[kind])
end

--- The journal's entry of an attempt of that kind that has not ended, or ended with an outcome that nobody knows.
---@param kind "exchange"|"refresh"
---@return usher.store.Journal?
function Account:open(kind)
  local journal = self.record.journal
  if journal and journal.kind ~= kind then
    journal = journal.other
  end
  return journal
end

--- Counts a request in memory, while the store cannot.
---@param kind "exchange"|"refresh"
---@param now usher.keeper.Now
function Account:count(kind, now)
  self.uncounted[kind] = budget.add(self.uncounted[kind], now.wall, 1)
end

--- Notes that the store has counted what it could not be told before.
---@param kind "exchange"|"refresh"
function Account:note_counted(kind)
  if self.uncounted[kind] then
    self.record.budgets[kind], self.uncounted[kind] = self:buckets(kind), nil
  end
end

--- Notes for the tally how an attempt ended.
---@param kind "exchange"|"refresh"
---@param class string of the outcome
function Account:tally_attempt(kind, class)
  local counts = self.tally.attempts[kind]
  counts[class] = (counts[class] or 0) + 1
end

--- Whether a refresh may replace the refresh token, so that its answer must be kept.
---@return boolean
function Account:rotates()
  local tokens = self.record.token_set
  return self.policy.rotates ~= false or tokens ~= nil and tokens.refresh_rotated == true
end

--- Seconds until the access token expires by the more cautious of the two clocks: the wall clock may have been set, and
--- what this process obtained it can time by itself. nil: there is no token.
---@param now usher.keeper.Now
---@return number?
function Account:left(now)
  local tokens = self.record.token_set
  return tokens and math.min(tokens.expires_at - now.wall, self.expires - now.boot)
end

--- Seconds that the access token lives in all.
---@return number?
function Account:life()
  local tokens = self.record.token_set
  return tokens and tokens.expires_at - tokens.issued_at
end

--- The token to serve, as consumers get it; nil where none is valid.
---@param now usher.keeper.Now
---@return {access_token: string, token_type: string, expires_in: integer, expires_at: integer}?
function Account:answer(now)
  local tokens, left = self.record.token_set, self:left(now)
  if self.is_disabled or not left or left <= 0 then
    return nil
  end
  -- Exactly the stored time, unless the wall clock was set back since.
  local set_back = tokens.expires_at - now.wall - left
  return {
    access_token = tokens.access_token,
    token_type = tokens.token_type,
    expires_in = math.floor(left),
    expires_at = tokens.expires_at - math.ceil(set_back - CLOCK_DRIFT),
  }
end

-- Of a token set that comes from the disk only the wall clock tells the age.
local function expiry_of_stored(tokens, now)
  if now.wall < tokens.issued_at - CLOCK_TOLERANCE then
    return now.boot
  end
  return now.boot + math.min(tokens.expires_at - now.wall, tokens.expires_at - tokens.issued_at)
end

--- Takes a record that was read from the store, or made for it. Older ones than the present one have no effect.
---@param record table
---@param now usher.keeper.Now
---@param expires? number boot time of the access token's expiry, where its request was timed
function Account:adopt(record, now, expires)
  local tokens, old = record.token_set, self.record.token_set
  local is_older = record.epoch < self.record.epoch
    or record.epoch == self.record.epoch and record.version < self.record.version
  if is_older then
    return
  end
  self.record = record
  if not tokens then
    self.expires = nil
  elseif expires or not old or old.access_token ~= tokens.access_token then
    self.expires = expires or expiry_of_stored(tokens, now)
  end
end

--- What the record tells of failures before this process: a credential that was sent and is still kept, unless it may
--- be sent again anyway.
---@param now usher.keeper.Now
function Account:recall_failures(now)
  for _, push in ipairs(self:is_single_use() and self.record.pushes or {}) do
    if push.attempted_at then
      local at = now.boot - math.max(0, now.wall - push.attempted_at)
      self.has_failed_before = true
      self.last_attempts.exchange = math.max(at, self.last_attempts.exchange or at)
    end
  end
end

--- Forgets failures, as after a success.
function Account:clear_failures()
  self.has_failed_before = false
  self.failures, self.last_error, self.backoff_until = 0, nil, nil
  self.refused, self.refusals = 0, {}
end

-- It has no row in the store, and so a sequence that no push has.
local function own_credential_of(settings)
  local own = settings.provider.own_credential
  local credential = own and own(settings.config)
  return credential and { sequence = 0, credential = credential, received_at = 0, is_own = true } or nil
end

---@param name string
---@param settings {provider: usher.Provider, config: table, policy: usher.Policy, subject?: string, disabled?: boolean}
---@param boot number seconds since boot
---@return usher.keeper.Account
function account.new(name, settings, boot)
  local own_credential = own_credential_of(settings)
  return setmetatable({
    name = name,
    provider = settings.provider,
    config = settings.config,
    policy = settings.policy or settings.provider.policy,
    pinned = settings.subject,
    is_disabled = settings.disabled == true,
    own_credential = own_credential,
    needs_person = settings.provider.authorize ~= nil and not own_credential,
    record = EMPTY_RECORD,
    plan = {},
    waiters = waiters.new(),
    has_refresh = false,
    failures = 0,
    has_failed_before = false,
    is_backoff_clearable = false,
    closures = { exchange = { count = 0 }, refresh = { count = 0 } },
    last_attempts = {},
    refused = 0,
    refused_in = {},
    refusals = {},
    superseded = {},
    pushes = {},
    tally = { pushes = 0, attempts = { exchange = {}, refresh = {} } },
    uncounted = {},
    last_read = 0,
    listening_since = boot,
    has_missed_push = false,
    is_low = {},
    tenants = {},
    noted = {},
  }, Account)
end

return account
