-- SPDX-License-Identifier: MIT
-- Everything the simulator was asked and has pushed, in order. Codes and tokens stand in it as fingerprints.

local core = require "usher.core"
local json = require "usher.json"

local ledger = {}

---@class usher.simulator.Ledger
local Ledger = {}
Ledger.__index = Ledger
Ledger.__name = "usher.simulator.ledger"

--- What stands for a code or token: the first 16 hex digits of its SHA-256.
---@param text string
---@return string
function ledger.fingerprint(text)
  return core.encoding.hex_encode(core.digest.sha256(text)):sub(1, 16)
end

--- The entry as a line of JSON.
---@param entry table
---@return string
function ledger.line(entry)
  return json.encode(entry) .. "\n"
end

local function round(seconds)
  return math.floor(seconds * 1000 + 0.5) / 1000
end

--- Appends an entry, which also gets `number` (1, 2, ...), `kind`, `at` (Unix seconds) and `elapsed` (seconds since the
--- simulator's start, which no step of the wall clock moves), both to a millisecond.
---@param kind string
---@param fields table flat
---@return table entry
function Ledger:add(kind, fields)
  local entry = { number = self._last + 1, kind = kind, at = round(self._clock:wall()) }
  entry.elapsed = round(self._clock:boot() - self._started_at)
  for name, value in pairs(fields) do
    entry[name] = value
  end
  self._last = entry.number
  self._entries[self._last] = entry
  self._entries[self._last - self._capacity] = nil
  if self._on_entry then
    self._on_entry(entry)
  end
  return entry
end

--- The entries after a number, oldest first. Only the newest `capacity` are kept.
---@param number? integer default 0
---@param limit? integer default: all
---@return table[]
function Ledger:after(number, limit)
  local first = math.max(number or 0, self._last - self._capacity, 0) + 1
  local last = math.min(self._last, first + (limit or self._capacity) - 1)
  return table.move(self._entries, first, last, 1, {})
end

--- How many entries of the kind are kept.
---@param kind string
---@param verdict? string only those with it
---@return integer
function Ledger:count(kind, verdict)
  local count = 0
  for _, entry in pairs(self._entries) do
    count = count + (entry.kind == kind and (not verdict or entry.verdict == verdict) and 1 or 0)
  end
  return count
end

---@class usher.simulator.ledger.options
---@field clock usher.Clock
---@field on_entry? fun(entry: table) gets each entry
---@field capacity? integer default 1000000

---@param options usher.simulator.ledger.options
---@return usher.simulator.Ledger
function ledger.new(options)
  return setmetatable({
    _clock = options.clock,
    _started_at = options.clock:boot(),
    _on_entry = options.on_entry,
    _capacity = options.capacity or 1000000,
    _entries = {},
    _last = 0,
  }, Ledger)
end

return ledger
