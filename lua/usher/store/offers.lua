-- SPDX-License-Identifier: MIT
-- Pushes on their way into the store. Whoever has an account's turn takes all of them in that wait: a crowd costs one
-- write.

local transitions = require "usher.store.transitions"

local offers = {}

---@class usher.store.Offer to be closed: it waits no longer
---@field package _push table
---@field package _pinned_subject? string
---@field sequence? integer once it is in
---@field err? usher.Error once it is refused
local Offer = {}
Offer.__name = "usher.store.offer"

---@class usher.store.Offers
---@field private _waiting table<string, usher.store.Offer[]> by account, in their order
local Offers = {}
Offers.__index = Offers
Offers.__name = "usher.store.offers"

local function keep_those_who_wait(self, name)
  local kept = {}
  for _, offer in ipairs(self._waiting[name] or {}) do
    if not offer.is_over then
      table.insert(kept, offer)
    end
  end
  self._waiting[name] = #kept > 0 and kept or nil
end

function Offer.__close(offer)
  if not offer.is_over then
    offer.is_over = true
    keep_those_who_wait(offer.offers, offer.name)
  end
end

--- Lines a push up, until it is closed.
---@param name string
---@param push table as `transitions.offer` takes it
---@param pinned_subject? string
---@return usher.store.Offer
function Offers:add(name, push, pinned_subject)
  local offer = setmetatable({ offers = self, name = name }, Offer)
  offer._push, offer._pinned_subject = push, pinned_subject
  self._waiting[name] = self._waiting[name] or {}
  table.insert(self._waiting[name], offer)
  return offer
end

--- The account with all that waits taken in, and what becomes of each once that is stored. Changes nothing.
---@param name string
---@param account usher.store.Account
---@return usher.store.Account account
---@return table answers for `answer`
function Offers:take(name, account)
  local answers = {}
  for index, offer in ipairs(self._waiting[name] or {}) do
    local after, answer = transitions.offer(account, offer._push, offer._pinned_subject)
    account = after or account
    answers[index] = { offer = offer, sequence = after and answer, err = not after and answer or nil }
  end
  return account, answers
end

--- Tells those who were taken in.
---@param name string
---@param answers table of `take`
function Offers:answer(name, answers)
  for _, answer in ipairs(answers) do
    answer.offer.sequence, answer.offer.err = answer.sequence or nil, answer.err
    answer.offer.is_over = true
  end
  keep_those_who_wait(self, name)
end

---@return usher.store.Offers
function offers.new()
  return setmetatable({ _waiting = {} }, Offers)
end

return offers
