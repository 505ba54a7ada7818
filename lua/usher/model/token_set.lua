-- SPDX-License-Identifier: MIT
-- A token set: what a provider answered, with absolute times (whole seconds since 1970). Pure.

local core = require "usher.core"
local errors = require "usher.errors"

local token_set = {}

-- Where neither the answer nor the provider's script knows better. RFC 6749, 5.1 only recommends `expires_in`.
local DEFAULT_LIFETIME = 3600
local DEFAULT_TYPE = "Bearer"
local LONGEST_LIFETIME = 10 * 366 * 24 * 3600 -- ten years: no time is one that an integer cannot hold
local FINGERPRINT_DIGITS = 8

---@class usher.TokenSet
---@field access_token string
---@field token_type string
---@field issued_at integer when the request was sent: the cautious reading of `expires_in`
---@field expires_at integer
---@field refresh_token? string
---@field refresh_issued_at? integer
---@field refresh_expires_at? integer nil: it does not say when it ends
---@field refresh_spent_at? integer the refresh token was refused or given up then, and is not sent again
---@field refresh_rotated? boolean a refresh has replaced the refresh token once: this provider rotates

---@class usher.Answer what a provider script's `read_tokens` gives
---@field access_token string
---@field token_type? string one that could not stand in a header is passed over
---@field expires_in? number seconds
---@field refresh_token? string
---@field is_bare? boolean a refresh token came without an access token: to be kept, and used at once
---@field refresh_expires_in? number seconds

-- What can stand in a header, where consumers write it: RFC 6749, A.12 and A.17, allow a space besides.
local function is_word(value)
  return type(value) == "string" and value:find "^[\33-\126]+$" ~= nil
end

local function is_lifetime(value)
  return type(value) == "number" and value >= 1 and value < math.huge
end

local function end_of(lifetime, sent_at)
  return sent_at + math.floor(math.min(lifetime, LONGEST_LIFETIME))
end

local function fault_of(answer)
  local is_bare = answer.is_bare and answer.access_token == nil and answer.refresh_token ~= nil
  if not is_bare and not is_word(answer.access_token) then
    return "no usable access token"
  elseif answer.refresh_token ~= nil and not is_word(answer.refresh_token) then
    return "no usable refresh token"
  elseif answer.expires_in ~= nil and not is_lifetime(answer.expires_in) then
    return "no usable lifetime"
  elseif answer.refresh_expires_in ~= nil and not is_lifetime(answer.refresh_expires_in) then
    return "no usable lifetime of the refresh token"
  end
end

local function keep_refresh_token(tokens, previous)
  tokens.refresh_token = previous.refresh_token
  tokens.refresh_issued_at = previous.refresh_issued_at
  tokens.refresh_expires_at = previous.refresh_expires_at
  tokens.refresh_spent_at = previous.refresh_spent_at
end

local function take_refresh_token(tokens, answer, sent_at, default)
  local lifetime = answer.refresh_expires_in or default
  tokens.refresh_token = answer.refresh_token
  tokens.refresh_issued_at = sent_at
  tokens.refresh_expires_at = lifetime and end_of(lifetime, sent_at)
end

--- The token set that an answer makes. What the answer leaves out is kept from `previous`: a refresh token is never
--- overwritten with nothing, and one that is merely repeated keeps its age unless the answer states a new lifetime.
---@param answer usher.Answer
---@param sent_at number seconds since 1970, when the request was sent
---@param previous? usher.TokenSet nil after an exchange
---@param lifetimes? {access?: number, refresh?: number} seconds, where the answer names none
---@return usher.TokenSet? token_set
---@return usher.Error? err bad_response
function token_set.from_answer(answer, sent_at, previous, lifetimes)
  local fault = fault_of(answer)
  if fault then
    return errors.fail("bad_response", "an answer with " .. fault)
  end
  previous, lifetimes, sent_at = previous or {}, lifetimes or {}, math.floor(sent_at)
  -- An access token that is not there has no life, and is never served; what stands in its place is as secret.
  local lifetime = answer.access_token and (answer.expires_in or lifetimes.access or DEFAULT_LIFETIME) or 0
  local tokens = {
    access_token = answer.access_token or answer.refresh_token,
    token_type = is_word(answer.token_type) and answer.token_type or previous.token_type or DEFAULT_TYPE,
    issued_at = sent_at,
    expires_at = end_of(lifetime, sent_at),
  }
  local is_repeated = answer.refresh_token == previous.refresh_token
  if not answer.refresh_token or is_repeated and not answer.refresh_expires_in then
    keep_refresh_token(tokens, previous)
  else
    take_refresh_token(tokens, answer, sent_at, lifetimes.refresh)
  end
  local is_rotated = answer.refresh_token and previous.refresh_token and not is_repeated
  tokens.refresh_rotated = is_rotated or previous.refresh_rotated
  return tokens
end

--- Whether the access token may be served at `now`.
---@param tokens usher.TokenSet
---@param now number seconds since 1970
---@return boolean
function token_set.is_valid(tokens, now)
  return now < tokens.expires_at
end

--- What may be shown of a token: enough to tell two apart, nothing to use.
---@param access_token string
---@return string 8 hex digits
function token_set.fingerprint(access_token)
  return core.encoding.hex_encode(core.digest.sha256(access_token)):sub(1, FINGERPRINT_DIGITS)
end

return token_set
