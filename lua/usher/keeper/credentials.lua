-- SPDX-License-Identifier: MIT
-- Which of the kept credentials to exchange next. Pure.

local credentials = {}

local MAX_TRIES = 2 -- once more after an outcome that is not known

---@class usher.keeper.Push as the store keeps it
---@field sequence integer
---@field subject? string
---@field credential string
---@field received_at integer
---@field expires_at? integer
---@field is_own? boolean not pushed: it is there by itself, and never spent

---@class usher.keeper.CredentialFacts
---@field subject? string the pinned one
---@field wall number seconds since 1970
---@field successor? {earliest: number, latest: number} seconds; where requests are scarce: when the next is expected
---@field journal? usher.store.Journal of an exchange that ended with an unknown outcome
---@field superseded table<integer, true> sequences given up
---@field refusals table<string, integer> by subject
---@field is_reusable? boolean a credential may be sent any number of times

-- A credential whose exchange had an unknown outcome is tried once more while it is still the newest.
local function is_given_up(push, newest, journal)
  local is_open = journal ~= nil and journal.entry.sequence == push.sequence
  return is_open and (journal.entry.tries >= MAX_TRIES or push.sequence ~= newest)
end

local function has_successor(push, pushes)
  for _, other in ipairs(pushes) do
    if other.sequence > push.sequence and other.subject == push.subject then
      return true
    end
  end
  return false
end

-- Where requests are scarce, one whose successor is due waits for it. Where that stays away it is the last hope.
local function is_outdated(push, pushes, facts)
  local age, due = facts.wall - push.received_at, facts.successor
  if not due or push.expires_at then
    return false
  end
  return has_successor(push, pushes) or age >= due.earliest and age < due.latest
end

local function is_usable(push, pushes, facts, newest)
  return not is_outdated(push, pushes, facts)
    and not (facts.subject and push.subject and push.subject ~= facts.subject)
    and not (push.expires_at and push.expires_at <= facts.wall)
    and not facts.superseded[push.sequence]
    and (facts.is_reusable or not is_given_up(push, newest, facts.journal))
end

-- Before the subject is known a forged push looks like a genuine one: the subject that failed least goes first, so
-- that no number of forgeries keeps the genuine one from its turn.
local function sooner(refusals)
  return function(a, b)
    local a_refusals, b_refusals = refusals[a.subject or ""] or 0, refusals[b.subject or ""] or 0
    if a_refusals ~= b_refusals then
      return a_refusals < b_refusals
    end
    return a.sequence > b.sequence
  end
end

--- The credential to exchange next, or nil.
---@param pushes usher.keeper.Push[] newest last
---@param facts usher.keeper.CredentialFacts
---@return usher.keeper.Push?
function credentials.next(pushes, facts)
  local usable, newest = {}, pushes[#pushes] and pushes[#pushes].sequence
  for _, push in ipairs(pushes) do
    if is_usable(push, pushes, facts, newest) then
      table.insert(usable, push)
    end
  end
  table.sort(usable, sooner(facts.refusals))
  return usable[1]
end

--- How often the credential has been sent, this time included.
---@param push usher.keeper.Push
---@param journal? usher.store.Journal of an exchange whose outcome is not known
---@return integer
function credentials.tries(push, journal)
  local is_same = journal and journal.entry.sequence == push.sequence
  return is_same and journal.entry.tries + 1 or 1
end

--- Whether a credential with an unknown outcome is to be given up.
---@param tries integer
---@return boolean
function credentials.is_last_try(tries)
  return tries >= MAX_TRIES
end

return credentials
