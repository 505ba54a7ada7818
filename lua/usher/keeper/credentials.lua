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

-- A credential whose exchange had an unknown outcome is tried once more while it is still the newest.
local function is_given_up(push, newest, journal)
  local is_open = journal ~= nil and journal.kind == "exchange" and journal.entry.sequence == push.sequence
  return is_open and (journal.entry.tries >= MAX_TRIES or push.sequence ~= newest)
end

local function is_usable(push, facts, newest)
  return not (facts.subject and push.subject and push.subject ~= facts.subject)
    and not (push.expires_at and push.expires_at <= facts.wall)
    and not facts.superseded[push.sequence]
    and not is_given_up(push, newest, facts.journal)
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
---@param facts {subject?: string, wall: number, journal?: table, superseded: table, refusals: table}
---@return usher.keeper.Push?
function credentials.next(pushes, facts)
  local usable, newest = {}, pushes[#pushes] and pushes[#pushes].sequence
  for _, push in ipairs(pushes) do
    if is_usable(push, facts, newest) then
      table.insert(usable, push)
    end
  end
  table.sort(usable, sooner(facts.refusals))
  return usable[1]
end

--- How often the credential has been sent, this time included.
---@param push usher.keeper.Push
---@param journal? table of an exchange or refresh whose outcome is not known
---@return integer
function credentials.tries(push, journal)
  local is_same = journal and journal.kind == "exchange" and journal.entry.sequence == push.sequence
  return is_same and journal.entry.tries + 1 or 1
end

--- Whether a credential with an unknown outcome is to be given up.
---@param tries integer
---@return boolean
function credentials.is_last_try(tries)
  return tries >= MAX_TRIES
end

return credentials
