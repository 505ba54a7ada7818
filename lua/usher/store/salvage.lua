-- SPDX-License-Identifier: MIT
-- Reads what can be read of a damaged store: each row by itself, those that fail are passed over. A record counts only
-- if it opens with the master key, so that whatever a damaged file says, nothing wrong comes out.

local core = require "usher.core"
local header = require "usher.store.header"
local records = require "usher.store.records"
local sealer = require "usher.model.sealer"
local sqlite = require "usher.store.sqlite"

local salvage = {}

local PAGE_BYTES = 4096
local ROWS_PER_PAGE = 64 -- no sealed record is shorter than that allows
local HIGHEST_ROWID = 2 ^ 53 // 1 | 0

local SQL = {
  check = "PRAGMA integrity_check(1)",
  headers = "SELECT rowid, sealed FROM header WHERE rowid BETWEEN $1 AND $2",
  accounts = "SELECT rowid, account, epoch FROM accounts WHERE rowid BETWEEN $1 AND $2",
  records = "SELECT rowid, account, field, version, sealed FROM records WHERE rowid BETWEEN $1 AND $2",
  -- From the index alone, which may be whole where the table is not.
  names = "SELECT account, field FROM records ORDER BY account, field",
}

---@class usher.store.salvage.Account
---@field epoch integer
---@field records table<string, {version: integer, text: string}> field -> the newest that opens
---@field lost table<string, true> fields that were there, and of which nothing opens

---@class usher.store.salvage.Found
---@field is_whole boolean nothing is damaged
---@field headers string[]
---@field accounts table<string, usher.store.salvage.Account>
---@field count integer records that open
---@field foreign integer records of keys that are not there

local function query(self, sql, ...)
  local results = self.database:transaction { { sql, params = { ... } } }
  return results and results[1].rows
end

-- Each row of `sql` between two rowids that can be read: a range that fails is halved.
local function each_row(self, sql, low, high, fn)
  local rows = query(self, sql, low, high)
  if rows then
    for _, row in ipairs(rows) do
      fn(row)
    end
  elseif low < high then
    local middle = (low + high) // 2
    each_row(self, sql, low, middle, fn)
    each_row(self, sql, middle + 1, high, fn)
  else
    self.found.is_whole = false
  end
end

-- A range that fails is read up to the rowid that the file's size allows.
local function each_row_of(self, sql, fn)
  local rows = query(self, sql, 1, HIGHEST_ROWID)
  if rows then
    for _, row in ipairs(rows) do
      fn(row)
    end
    return
  end
  self.found.is_whole = false
  each_row(self, sql, 1, self.highest, fn)
end

local function account_of(self, name)
  local accounts = self.found.accounts
  accounts[name] = accounts[name] or { epoch = 0, records = {}, lost = {} }
  return accounts[name]
end

local function take_account(self, row)
  local _, name, epoch = table.unpack(row)
  if type(name) == "string" and math.type(epoch) == "integer" then
    account_of(self, name).epoch = epoch
  end
end

local function has_types(row)
  return type(row[2]) == "string"
    and type(row[3]) == "string"
    and math.type(row[4]) == "integer"
    and type(row[5]) == "string"
end

local IS_FIELD = {}
for _, field in ipairs(records.FIELDS) do
  IS_FIELD[field] = true
end

local function note_lost(self, name, field)
  if type(name) == "string" and IS_FIELD[field] then
    account_of(self, name).lost[field] = true
  end
end

local function take_record(self, row)
  local _, name, field, version, sealed = table.unpack(row)
  if not has_types(row) or not IS_FIELD[field] then
    self.found.is_whole = false
    return
  end
  local text = self.sealer:open(name, field, version, sealed)
  if not text or not records.decode(field, text) then
    local key_id = sealer.key_id_in(sealed)
    self.found.foreign = self.found.foreign + (key_id and not self.sealer:has(key_id) and 1 or 0)
    self.found.is_whole = false
    note_lost(self, name, field)
    return
  end
  local kept = account_of(self, name).records
  if not kept[field] or kept[field].version < version then
    kept[field] = { version = version, text = text }
  end
end

-- Which records there were, where the index still says so; else all there could be.
local function note_missing(self)
  local rows = query(self, SQL.names)
  for _, row in ipairs(rows or {}) do
    note_lost(self, row[1], row[2])
  end
  for name, account in pairs(self.found.accounts) do
    for _, field in ipairs(records.FIELDS) do
      if not rows then
        account.lost[field] = true
      end
      if account.records[field] then
        account.lost[field] = nil
      end
    end
    self.found.accounts[name] = account
  end
end

local function read_all(self)
  local checked = query(self, SQL.check)
  if not checked or checked[1][1] ~= "ok" then
    self.found.is_whole = false
  end
  each_row_of(self, SQL.headers, function(row)
    table.insert(self.found.headers, row[2])
  end)
  each_row_of(self, SQL.accounts, function(row)
    take_account(self, row)
  end)
  each_row_of(self, SQL.records, function(row)
    take_record(self, row)
  end)
  note_missing(self)
end

local function count_records(found)
  for _, account in pairs(found.accounts) do
    for _ in pairs(account.records) do
      found.count = found.count + 1
    end
  end
end

--- Reads the store, changing nothing in it. Waits.
---@param path string
---@param with usher.Sealer with every key that may open a record; has the newest header's from then on
---@return usher.store.salvage.Found
function salvage.read(path, with)
  local found = { is_whole = true, headers = {}, accounts = {}, count = 0, foreign = 0 }
  local status = core.file.status(path)
  local self = { found = found, sealer = with }
  self.highest = math.max(1, (status and status.size or 0) // PAGE_BYTES * ROWS_PER_PAGE)
  self.database = core.sqlite.open { path = path, application_id = sqlite.APPLICATION_ID }
  if not self.database then
    found.is_whole = false
    return found
  end
  read_all(self)
  self.database:close()
  count_records(found)
  if not header.adopt(with, found.headers, path) then
    found.is_whole = false
  end
  return found
end

--- What two readings of one store found together: of each record the newest.
---@param one usher.store.salvage.Found
---@param other usher.store.salvage.Found
---@return usher.store.salvage.Found
function salvage.join(one, other)
  local joined =
    { is_whole = false, headers = #one.headers > 0 and one.headers or other.headers, accounts = {} }
  joined.count, joined.foreign = 0, math.max(one.foreign, other.foreign)
  for _, found in ipairs { one, other } do
    for name, account in pairs(found.accounts) do
      local target = joined.accounts[name] or { epoch = 0, records = {}, lost = {} }
      joined.accounts[name] = target
      target.epoch = math.max(target.epoch, account.epoch)
      for field, record in pairs(account.records) do
        local kept = target.records[field]
        target.records[field] = kept and kept.version >= record.version and kept or record
      end
      for field in pairs(account.lost) do
        target.lost[field] = true
      end
      for field in pairs(target.records) do
        target.lost[field] = nil
      end
    end
  end
  count_records(joined)
  return joined
end

return salvage
