-- SPDX-License-Identifier: MIT
-- What a simulator's ledger must never show, whatever happened: each check gives a complaint, or nil.

local ledger_audit = {}

local DAY = 24 * 3600
local LAST_FIFTH = 1 / 5
local ROUNDING = 2 -- seconds: token sets have whole ones

-- Answers after which nobody on our side can know what the provider did.
local LOST = {}
for _, kind in ipairs {
  "close",
  "empty",
  "garbage",
  "hang",
  "huge",
  "missing",
  "nesting",
  "odd",
  "slow",
  "truncated",
} do
  LOST[kind] = true
end

local function reached_of(entries, kind)
  local reached = {}
  for _, entry in ipairs(entries) do
    if entry.kind == kind and entry.fault ~= "unreachable" then
      table.insert(reached, entry)
    end
  end
  return reached
end

--- More requests in any 24 hours than the limit.
---@param entries table[] of the ledger
---@param kind "exchange"|"refresh"
---@param limit integer
---@return string? complaint
function ledger_audit.budget(entries, kind, limit)
  local reached, first = reached_of(entries, kind), 1
  for last, entry in ipairs(reached) do
    while reached[first].elapsed <= entry.elapsed - DAY do
      first = first + 1
    end
    if last - first + 1 > limit then
      return ("%d %s requests in the day until %.0f s"):format(last - first + 1, kind, entry.elapsed)
    end
  end
end

-- Whether the provider's refusal was received.
local function is_refused(entry)
  return entry.verdict == "0401" and not LOST[entry.fault]
    or entry.fault == "envelope" and entry.answer == "0401"
end

-- An unspecific error of the envelope leaves a refresh open.
local function is_unknown(entry, lost)
  return LOST[entry.fault] or lost[entry.number] or entry.kind == "refresh" and entry.answer == "0001"
end

--- A code or refresh token that was sent again after an answer that it is used up or refused, or after its second
--- unknown outcome.
---@param entries table[]
---@param kind "exchange"|"refresh"
---@param is_kept boolean using it does not use it up: only a refusal ends it
---@param lost table<integer, true> numbers of entries whose answers came too late for our process
---@return string? complaint
function ledger_audit.sent_again(entries, kind, is_kept, lost)
  local over, unknown = {}, {} -- by what was sent: the entry that ended it; how many outcomes nobody knows
  for _, entry in ipairs(reached_of(entries, kind)) do
    local sent = kind == "exchange" and entry.code or kind == "refresh" and entry.refresh or ""
    if over[sent] then
      return ("the %s of %.0f s was sent again at %.0f s"):format(kind, over[sent].elapsed, entry.elapsed)
    elseif is_unknown(entry, lost) then
      unknown[sent] = (unknown[sent] or 0) + 1
      over[sent] = not is_kept and unknown[sent] > 1 and entry or nil
    elseif is_refused(entry) or not is_kept and entry.verdict == "ok" then
      over[sent] = entry
    end
  end
end

local CLOSES = { [429] = true, ["0429"] = true }

-- What calls for another token pair: a refusal, refreshes that are closed, or an answer after which nobody knows
-- whether it was the old refresh token's last.
local function calls_for_pair(entry, rotates, lost)
  return entry.kind == "refresh"
    and (is_refused(entry) or CLOSES[entry.answer] or rotates and is_unknown(entry, lost))
end

--- A successful exchange without need: the one before it was received, and its refresh token was neither refused nor
--- in the last fifth of its life.
---@param entries table[]
---@param refresh_lifetime number seconds
---@param rotates boolean refreshes replace the refresh token
---@param lost table<integer, true> as of `sent_again`
---@return string? complaint
function ledger_audit.needless_exchange(entries, refresh_lifetime, rotates, lost)
  local last, is_called_for
  for _, entry in ipairs(entries) do
    if entry.kind == "exchange" and entry.verdict == "ok" then
      local is_old = last and entry.elapsed - last.elapsed > refresh_lifetime * (1 - LAST_FIFTH) - ROUNDING
      if last and not is_old and not is_called_for then
        return ("exchanges at %.0f s and %.0f s without a reason"):format(last.elapsed, entry.elapsed)
      end
      last, is_called_for = entry, LOST[entry.fault] or lost[entry.number]
    else
      is_called_for = is_called_for or calls_for_pair(entry, rotates, lost)
    end
  end
end

return ledger_audit
