-- SPDX-License-Identifier: MIT
-- An account's received credentials: which are kept, which were spent, how often they come. Pure; times are whole
-- seconds since 1970.

local errors = require "usher.errors"
local records = require "usher.store.records"

local inbox = {}

local with = records.with

local DAY = 24 * 3600
local MAX_GAPS = 8
local MAX_PINNED, MAX_SUBJECTS = 2, 4
local MAX_SPENT = 512 -- far more than any budget of a day

---@class usher.store.Push
---@field sequence integer
---@field subject? string
---@field credential string
---@field received_at integer
---@field expires_at? integer
---@field attempted_at? integer
---@field hash string keyed

---@class usher.store.Inbox
---@field sequence integer the last one given
---@field pushes usher.store.Push[] newest last
---@field spent {hash: string, at: integer}[] credentials of the last day that are not to be tried again
---@field gaps integer[] seconds between the last pushes, newest last
---@field last_push_at? integer

local function last(list, count)
  return table.move(list, math.max(1, #list - count + 1), #list, 1, {})
end

-- A push that names no subject belongs to whoever is pinned.
local function is_of(push, subject)
  return push.subject == nil or subject == nil or push.subject == subject
end

local function oldest(pushes)
  for index, push in ipairs(pushes) do
    if push.attempted_at then
      return index
    end
  end
  return 1
end

-- Before the pin anybody may have pushed: the newest of each subject stays, and those already tried go first.
local function keep_per_subject(pushes)
  local kept, seen = {}, {}
  for index = #pushes, 1, -1 do
    local subject = pushes[index].subject or ""
    if not seen[subject] then
      seen[subject] = true
      table.insert(kept, 1, pushes[index])
    end
  end
  while #kept > MAX_SUBJECTS do
    table.remove(kept, oldest(kept))
  end
  return kept
end

local function keep_pinned(pushes, pinned)
  local kept = {}
  for _, push in ipairs(pushes) do
    if is_of(push, pinned) then
      table.insert(kept, push)
    end
  end
  return last(kept, MAX_PINNED)
end

local function of_last_day(spent, now)
  local kept = {}
  for _, credential in ipairs(spent) do
    if credential.at > now - DAY then
      table.insert(kept, credential)
    end
  end
  return last(kept, MAX_SPENT)
end

local function is_known(record, hash, now)
  for _, list in ipairs { record.pushes, of_last_day(record.spent, now) } do
    for _, entry in ipairs(list) do
      if entry.hash == hash then
        return true
      end
    end
  end
  return false
end

-- A gap below zero is of a clock that was set back.
local function gaps_with(record, received_at)
  local gap = record.last_push_at and received_at - record.last_push_at
  if not gap or gap < 0 then
    return record.gaps
  end
  local gaps = last(record.gaps, MAX_GAPS - 1)
  table.insert(gaps, gap)
  return gaps
end

--- Takes a push in. Keeps the newest two once a subject is pinned, else the newest of each subject and of at most four.
---@param record usher.store.Inbox
---@param push { subject?: string, credential: string, received_at: number, expires_at?: number, hash: string }
---@param pinned? string subject
---@return usher.store.Inbox? record
---@return usher.Error? err repeat; forbidden: of another subject than the pinned one
function inbox.add(record, push, pinned)
  local received_at = math.floor(push.received_at)
  if not is_of(push, pinned) then
    return errors.fail("forbidden", "a push of another subject than the pinned one")
  elseif is_known(record, push.hash, received_at) then
    return errors.fail "repeat"
  end
  local sequence = record.sequence + 1
  local pushes = last(record.pushes, #record.pushes)
  table.insert(pushes, {
    sequence = sequence,
    subject = push.subject,
    credential = push.credential,
    received_at = received_at,
    expires_at = push.expires_at and math.floor(push.expires_at),
    hash = push.hash,
  })
  return {
    sequence = sequence,
    pushes = pinned and keep_pinned(pushes, pinned) or keep_per_subject(pushes),
    spent = of_last_day(record.spent, received_at),
    gaps = gaps_with(record, received_at),
    last_push_at = received_at,
  }
end

--- Drops what is not of the subject that is now pinned.
---@param record usher.store.Inbox
---@param subject string
---@return usher.store.Inbox
function inbox.pin(record, subject)
  return with(record, { pushes = keep_pinned(record.pushes, subject) })
end

---@param record usher.store.Inbox
---@param sequence? integer
---@return usher.store.Push? push
---@return integer? index
function inbox.find(record, sequence)
  for index, push in ipairs(record.pushes) do
    if push.sequence == sequence then
      return push, index
    end
  end
end

--- Notes when a push was tried; nil: it was not after all.
---@param record usher.store.Inbox
---@param sequence? integer
---@param at? integer
---@return usher.store.Inbox record the same where there is no such push
function inbox.mark_attempted(record, sequence, at)
  local push, index = inbox.find(record, sequence)
  if not push then
    return record
  end
  local pushes = last(record.pushes, #record.pushes)
  pushes[index] = with(push, {})
  pushes[index].attempted_at = at
  return with(record, { pushes = pushes })
end

--- Removes a push for good, and remembers its hash for a day.
---@param record usher.store.Inbox
---@param sequence integer
---@param now integer
---@param hash? string of a push that newer ones have displaced
---@return usher.store.Inbox record the same where there is nothing to remember
function inbox.spend(record, sequence, now, hash)
  local push, index = inbox.find(record, sequence)
  hash = push and push.hash or hash
  if not hash then
    return record
  end
  local pushes, spent = last(record.pushes, #record.pushes), of_last_day(record.spent, now)
  if index then
    table.remove(pushes, index)
  end
  table.insert(spent, { hash = hash, at = now })
  return with(record, { pushes = pushes, spent = spent })
end

return inbox
