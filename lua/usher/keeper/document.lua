-- SPDX-License-Identifier: MIT
-- What is shown of an account: everything but secrets.

local budget = require "usher.model.budget"
local json = require "usher.json"
local lifecycle = require "usher.keeper.lifecycle"
local token_set = require "usher.model.token_set"

local document = {}

local function token_of(tokens)
  return tokens
    and {
      issued_at = tokens.issued_at,
      expires_at = tokens.expires_at,
      fingerprint = token_set.fingerprint(tokens.access_token),
    }
end

-- One that was refused or given up is none.
local function refresh_token_of(tokens)
  if tokens and tokens.refresh_token and not tokens.refresh_spent_at then
    return { expires_at = json.or_null(tokens.refresh_expires_at) }
  end
end

local function budget_of(account, kind, now)
  local limit, buckets = account:limit(kind), account:buckets(kind)
  local opens_at = limit and budget.opens_at(buckets, limit - budget.reserve(limit), now.wall)
  local till = account.closures[kind].till
  if till and till > now.boot then
    opens_at = math.max(opens_at or 0, math.ceil(now.wall + till - now.boot))
  end
  return {
    limit = json.or_null(limit),
    used = budget.used(buckets, now.wall),
    opens_at = json.or_null(opens_at),
  }
end

local function next_attempt_at(account, now)
  if account.flight then
    return math.floor(now.wall)
  end
  local at = account.plan.at
  return at and math.floor(now.wall + math.max(0, at - now.boot))
end

--- The account's document (DESIGN.md section 9).
---@param account usher.keeper.Account
---@param now usher.keeper.Now
---@return table
function document.of(account, now)
  local record = account.record
  local tokens = record.token_set
  return {
    name = account.name,
    provider = account.provider.name,
    status = account.status,
    subject = json.or_null(account:subject()),
    token = json.or_null(token_of(tokens)),
    refresh_token = json.or_null(refresh_token_of(tokens)),
    next_attempt_at = json.or_null(next_attempt_at(account, now)),
    last_push_at = json.or_null(record.last_push_at),
    pushes_24h = budget.used(account.pushes, now.wall),
    failures = account.failures,
    last_error = json.or_null(account.last_error),
    budgets = { exchange = budget_of(account, "exchange", now), refresh = budget_of(account, "refresh", now) },
    needs = json.or_null(lifecycle.needs(account)),
  }
end

return document
