-- SPDX-License-Identifier: MIT
-- Seals a store in a file with another master key. Killed at any moment, the store opens with the two keys together,
-- and the same call finishes the work: the new key's header goes in first, and the old one's goes out last.

local core = require "usher.core"
local errors = require "usher.errors"
local header = require "usher.store.header"
local records = require "usher.store.records"
local sealer = require "usher.model.sealer"
local sqlite = require "usher.store.sqlite"

local rotation = {}

local BATCH = 32

local SQL = {
  read = "SELECT rowid, account, field, version, sealed FROM records WHERE rowid > $1 ORDER BY rowid LIMIT $2",
  update = "UPDATE records SET sealed = $1 WHERE rowid = $2 AND sealed = $3",
  add_header = "INSERT INTO header (sealed) VALUES ($1)",
  -- A sealed text begins with the format and the id of its key.
  is_done = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM records WHERE sealed NOT LIKE $1)",
  drop_headers = "DELETE FROM header WHERE sealed NOT LIKE $1",
}

local function beginning(self)
  return ("1.%s.%%"):format(self.key_id)
end

-- Calls `fn(rows)` for all records, some at a time; it gives true, or nil and an error.
local function each_batch(database, fn)
  local last = 0
  repeat
    local results, err = database:transaction { { SQL.read, params = { last, BATCH } } }
    if not results then
      return nil, err
    end
    local rows = results[1].rows
    local done = #rows == 0
    if not done then
      done, err = fn(rows)
      last = rows[#rows][1]
    end
    if not done then
      return nil, err
    end
  until #rows == 0
  return true
end

local function open_record(self, row)
  local _, account, field, version, sealed = table.unpack(row)
  local text = self.sealer:open(account, field, version, sealed)
  if not text or not records.decode(field, text) then
    local message = "the record '%s' of the account '%s' is damaged; `usher recover` saves the others"
    return errors.fail("store_corrupt", message:format(field, account))
  end
  return text
end

-- Nothing is changed where something cannot be.
local function check_all(self, database)
  return each_batch(database, function(rows)
    for _, row in ipairs(rows) do
      local text, err = open_record(self, row)
      if not text then
        return nil, err
      end
      self.accounts[row[2]] = true
    end
    return true
  end)
end

local function reseal(self, row)
  local rowid, account, field, version, sealed = table.unpack(row)
  local text, err = open_record(self, row)
  local new
  if text then
    new, err = self.sealer:seal(account, field, version, text)
  end
  return new and { SQL.update, params = { new, rowid, sealed }, guard = "unchanged" }, err
end

local function reseal_all(self, database)
  return each_batch(database, function(rows)
    local steps = {}
    for _, row in ipairs(rows) do
      if sealer.key_id_in(row[5]) ~= self.key_id then
        local step, err = reseal(self, row)
        if not step then
          return nil, err
        end
        table.insert(steps, step)
      end
    end
    self.count = self.count + #steps
    if #steps == 0 then
      return true
    end
    local results, err = database:transaction(steps)
    return results and true, err
  end)
end

-- The header that the new key opens goes beside the old one's.
local function begin(self, database)
  if self.found.key_id == self.key_id then
    return true
  end
  local sealed, err = header.seal(self.sealer, self.found.hash_key)
  local results
  if sealed then
    results, err = database:transaction { { SQL.add_header, params = { sealed } } }
  end
  return results and true, err
end

local function finish(self, database)
  local results, err = database:transaction {
    { SQL.is_done, params = { beginning(self) }, guard = "all are sealed anew" },
    { SQL.drop_headers, params = { beginning(self) } },
  }
  return results and true, err
end

-- Whether these keys are the store's. Nothing has been written yet.
local function check_headers(self, database)
  local headers, err = sqlite.headers(database)
  if headers then
    self.found, err = header.adopt(self.sealer, headers, self.path)
    self.sealer:use(self.key_id)
  end
  return self.found and true, err
end

local STEPS = { check_headers, check_all, begin, reseal_all, finish }

local function run(self, database)
  for _, step in ipairs(STEPS) do
    local done, err = step(self, database)
    if not done then
      return nil, err
    end
  end
  return true
end

-- The log still holds pages that the old key opens. Held: a gateway that has just started would go on writing into a
-- log that has no name any more.
local function drop_log(path)
  local hold <close> = core.sqlite_hold.open(path)
  return hold ~= nil and sqlite.drop_log(path)
end

---@class usher.store.rotation.options
---@field path string of the store
---@field key usher.core.Secret|string the new key
---@field others (usher.core.Secret|string)[] the key before it

--- Seals every record with the new key. Waits. Refused while a gateway has the store.
---@param options usher.store.rotation.options
---@return {records: integer, accounts: integer}? done how many records were sealed anew; of how many accounts
---@return usher.Error? err store_locked, not_found, bad_seal, store_corrupt, no_space, ...
function rotation.run(options)
  local self = {
    path = options.path,
    key_id = sealer.id_of(options.key),
    sealer = sealer.new { key = options.key, others = options.others },
    accounts = {},
    count = 0,
  }
  local database, err = sqlite.open { path = options.path }
  if not database then
    return nil, err
  end
  local done
  done, err = run(self, database)
  database:close()
  if not done then
    return nil, err
  end
  drop_log(options.path)
  local accounts = 0
  for _ in pairs(self.accounts) do
    accounts = accounts + 1
  end
  return { records = self.count, accounts = accounts }
end

return rotation
