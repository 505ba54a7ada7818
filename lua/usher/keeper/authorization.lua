-- SPDX-License-Identifier: MIT
-- Authorizations by a person: begun for a command, ended by one callback, by polling, or by time. They are kept in
-- memory only: one lives for minutes, its key can be taken once without any store, nothing of it is left behind on a
-- disk, and after a restart the person merely begins again. What a callback brings is durable before it is exchanged.

local core = require "usher.core"
local errors = require "usher.errors"

local authorization = {}

local LONGEST_LIFE = 1800
local DEFAULT_LIFE = 600
local LONGEST_WAIT = 60

---@class usher.keeper.Prompt what a person is to do
---@field url string
---@field user_code? string
---@field redirect_uri? string where the browser is sent back to
---@field expires_at integer

---@class usher.keeper.Authorization
---@field account usher.keeper.Account
---@field status "pending"|"exchanging"|"succeeded"|"failed"
---@field url string
---@field user_code? string
---@field redirect_uri? string
---@field expires_at integer
---@field pending table what the provider script kept
---@field key? string of the callback that ends it
---@field failure? {code: string, message: string}
---@field ended usher.core.Future
---@field timer usher.core.Handle

-- beginning and ending --------------------------------------------------------------------------------

local function digest_of(key)
  return core.digest.sha256(key)
end

local function close_key(keeper, self)
  if self.key then
    keeper.authorizations[digest_of(self.key)] = nil
    keeper.log:release(self.key)
    self.key = nil
  end
end

--- Ends an authorization, once.
---@param keeper usher.Keeper
---@param self usher.keeper.Authorization
---@param failure? {code: string, message: string} nil: it succeeded
function authorization.finish(keeper, self, failure)
  if self.status == "succeeded" or self.status == "failed" then
    return
  end
  close_key(keeper, self)
  self.status, self.failure, self.pending = failure and "failed" or "succeeded", failure, nil
  self.timer:close()
  self.ended:resolve()
  keeper.log[failure and "warn" or "info"](
    keeper.log,
    "authorization_ended",
    { account = self.account.name, status = self.status, error = failure and failure.code }
  )
end

-- How the account tells of its last attempt.
local function failure_of(account)
  local last = account.last_error or { code = "temporarily_unavailable" }
  return { code = last.code, message = "the provider did not give a token: " .. last.code }
end

--- Ends an authorization by whether the attempt that it led to has brought a token.
---@param keeper usher.Keeper
---@param self usher.keeper.Authorization
---@param has_token boolean
function authorization.conclude(keeper, self, has_token)
  authorization.finish(keeper, self, not has_token and failure_of(self.account) or nil)
end

--- Ends the account's authorization where one is open: another begins, or the account is no longer kept as it was.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
function authorization.cancel(keeper, account)
  if account.authorization then
    authorization.finish(keeper, account.authorization, errors.new "cancelled")
  end
end

--- Opens an authorization in place of the account's last one.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param begun usher.provider.Authorization what the provider script gave
---@return usher.keeper.Authorization
function authorization.open(keeper, account, begun)
  local life = math.min(LONGEST_LIFE, begun.expires_in or DEFAULT_LIFE)
  local self = {
    account = account,
    status = "pending",
    url = begun.url,
    user_code = begun.user_code,
    redirect_uri = begun.redirect_uri,
    expires_at = math.floor(keeper.clock:wall() + life),
    pending = begun.pending or {},
    key = begun.key,
    ended = core.future.new(),
  }
  authorization.cancel(keeper, account)
  account.authorization = self
  self.timer = keeper.clock:timer(life, function()
    local is_decided = self.status == "exchanging"
    local message = is_decided and "the provider has not given a token in time"
      or "nobody has decided in time"
    authorization.finish(keeper, self, errors.new("timeout", message))
  end)
  if self.key then
    keeper.log:conceal(self.key)
    keeper.authorizations[digest_of(self.key)] = self
  end
  return self
end

-- watching --------------------------------------------------------------------------------------------

--- What the person is to do.
---@param self usher.keeper.Authorization
---@return usher.keeper.Prompt prompt
function authorization.prompt(self)
  return {
    url = self.url,
    user_code = self.user_code,
    redirect_uri = self.redirect_uri,
    expires_at = self.expires_at,
  }
end

--- How the account's last authorization stands. With `wait`: once it has ended, or after so many seconds.
---@param keeper usher.Keeper
---@param account usher.keeper.Account
---@param options? {wait: number?}
---@return {status: string, url: string?, user_code: string?, expires_at: integer?, failure: table?} shown
function authorization.show(keeper, account, options)
  local self = account.authorization
  if not self then
    return { status = "none" }
  end
  local wait = options and options.wait
  if wait and wait > 0 then
    keeper.clock:wait(self.ended, math.min(LONGEST_WAIT, wait))
  end
  local view = authorization.prompt(self)
  view.status, view.failure = self.status, self.failure
  return view
end

--- The open authorization with this key.
---@param keeper usher.Keeper
---@param key string
---@return usher.keeper.Authorization?
function authorization.find(keeper, key)
  local self = keeper.authorizations[digest_of(key)]
  return self and core.secret.equal(self.key, key) and self or nil
end

--- Takes the open authorization with this key: it is found no more.
---@param keeper usher.Keeper
---@param key string
---@return usher.keeper.Authorization?
function authorization.take(keeper, key)
  local self = authorization.find(keeper, key)
  if self then
    close_key(keeper, self)
  end
  return self
end

--- What a callback ends authorizations by, as `callback.new` takes it.
---@param keeper usher.Keeper
---@return usher.callback.Authorizations
function authorization.for_callback(keeper)
  return {
    find = function(key)
      local found = authorization.find(keeper, key)
      return found and found.account.name
    end,
    take = function(key)
      return authorization.take(keeper, key)
    end,
    fail = function(taken, failure)
      authorization.finish(keeper, taken, failure)
    end,
  }
end

return authorization
