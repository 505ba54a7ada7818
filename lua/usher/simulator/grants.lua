-- SPDX-License-Identifier: MIT
-- What the provider has handed out: codes, refresh tokens and access tokens, and what has become of each. As strict as
-- the protocol allows. The time is an argument.

local grants = {}

---@class usher.simulator.Grants
local Grants = {}
Grants.__index = Grants
Grants.__name = "usher.simulator.grants"

--- Issues a code. The one before it expires.
---@return string code
function Grants:issue_code()
  if self._current and self._codes[self._current] == "current" then
    self._codes[self._current] = "expired"
  end
  self._current = self._new_text()
  self._codes[self._current] = "current"
  return self._current
end

--- The last code issued; nil before the first.
---@return string?
function Grants:current_code()
  return self._current
end

local function issue(self, kind, now)
  local token = self._new_text()
  self._tokens[kind][token] = { expires_at = now + self.lifetimes[kind] }
  return token
end

--- Spends a code for a token pair. A code is good once, for its client, until the next one is issued.
---@param client_id string
---@param code string
---@param now number
---@return { access: string, refresh: string }? pair
---@return string? reason unknown_code, wrong_client, used_code or expired_code
function Grants:redeem(client_id, code, now)
  local status = self._codes[code]
  if not status then
    return nil, "unknown_code"
  elseif client_id ~= self.client_id then
    return nil, "wrong_client"
  elseif status ~= "current" then
    return nil, status .. "_code"
  end
  self._codes[code] = "used"
  return { access = issue(self, "access", now), refresh = issue(self, "refresh", now) }
end

--- Whether a token is good now.
---@param kind "access"|"refresh"
---@param token string
---@param now number
---@return true? good
---@return string? reason unknown_token, revoked_token, rotated_token or expired_token
function Grants:check(kind, token, now)
  local entry = self._tokens[kind][token]
  if not entry then
    return nil, "unknown_token"
  elseif entry.is_revoked then
    return nil, "revoked_token"
  elseif entry.is_rotated then
    return nil, "rotated_token"
  elseif now >= entry.expires_at then
    return nil, "expired_token"
  end
  return true
end

--- A new access token for a refresh token, which stays as it is unless it is rotated: then it dies, and another one
--- with a life of its own takes its place.
---@param refresh_token string
---@param now number
---@param rotates? boolean
---@return { access: string, refresh: string? }? pair
---@return string? reason as of `check`
function Grants:refresh(refresh_token, now, rotates)
  local good, reason = self:check("refresh", refresh_token, now)
  if not good then
    return nil, reason
  end
  if rotates then
    self._tokens.refresh[refresh_token].is_rotated = true
  end
  return { access = issue(self, "access", now), refresh = rotates and issue(self, "refresh", now) or nil }
end

--- Revokes all tokens of the kind; returns how many had not been.
---@param kind "access"|"refresh"
---@return integer
function Grants:revoke(kind)
  local count = 0
  for _, entry in pairs(self._tokens[kind]) do
    count = count + (entry.is_revoked and 0 or 1)
    entry.is_revoked = true
  end
  return count
end

--- How many tokens of the kind are good now.
---@param kind "access"|"refresh"
---@param now number
---@return integer
function Grants:live(kind, now)
  local count = 0
  for token in pairs(self._tokens[kind]) do
    count = count + (self:check(kind, token, now) and 1 or 0)
  end
  return count
end

---@class usher.simulator.grants.options
---@field client_id string
---@field lifetimes { access: number, refresh: number } seconds
---@field new_text fun(): string a new code or token, never the same twice

---@param options usher.simulator.grants.options
---@return usher.simulator.Grants
function grants.new(options)
  return setmetatable({
    client_id = options.client_id,
    lifetimes = options.lifetimes,
    _new_text = options.new_text,
    _codes = {}, -- code -> "current", "used" or "expired"
    _current = nil, -- the last code issued
    _tokens = { access = {}, refresh = {} }, -- token -> { expires_at, is_revoked, is_rotated }
  }, Grants)
end

return grants
