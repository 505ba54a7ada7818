-- SPDX-License-Identifier: MIT
-- The store in one SQLite file. The statements are plain enough for PostgreSQL: conditional changes of single rows,
-- parameters numbered in the order in which they first appear.

local contract = require "usher.store.contract"
local core = require "usher.core"
local errors = require "usher.errors"
local header = require "usher.store.header"
local origin = require "usher.store.origin"
local values = require "usher.config.values"

local sqlite = {}

--- Of the file.
sqlite.APPLICATION_ID = 0x75736872 -- "ushr"

local WAL_HEADER_BYTES = 32

local CREATE = {
  "CREATE TABLE header (sealed TEXT NOT NULL)",
  "CREATE TABLE counter (value INTEGER NOT NULL)",
  "INSERT INTO counter (value) VALUES (0)",
  [[CREATE TABLE accounts (
      account TEXT NOT NULL PRIMARY KEY,
      epoch INTEGER NOT NULL,
      changed INTEGER NOT NULL)]],
  [[CREATE TABLE records (
      account TEXT NOT NULL,
      field TEXT NOT NULL,
      version INTEGER NOT NULL,
      sealed TEXT NOT NULL,
      PRIMARY KEY (account, field))]],
}

local SQL = {
  tables = "SELECT name, sql FROM sqlite_master WHERE type = 'table'",
  read_headers = "SELECT sealed FROM header ORDER BY rowid",
  -- One row that every change touches: changes get their numbers in the order in which they become visible.
  count = "UPDATE counter SET value = value + 1",
  add_account = [[INSERT INTO accounts (account, epoch, changed) VALUES ($1, 0, 0)
    ON CONFLICT (account) DO NOTHING]],
  note_change = [[UPDATE accounts SET changed = (SELECT value FROM counter) WHERE account = $1 AND epoch = $2]],
  raise_epoch = [[UPDATE accounts SET epoch = epoch + 1, changed = (SELECT value FROM counter)
    WHERE account = $1]],
  read = [[SELECT accounts.epoch, records.field, records.version, records.sealed
    FROM accounts LEFT JOIN records ON records.account = accounts.account WHERE accounts.account = $1]],
  insert = [[INSERT INTO records (account, field, version, sealed) VALUES ($1, $2, 1, $3)
    ON CONFLICT (account, field) DO NOTHING]],
  update = [[UPDATE records SET version = version + 1, sealed = $1
    WHERE account = $2 AND field = $3 AND version = $4]],
  erase = "DELETE FROM records WHERE account = $1",
  names = "SELECT DISTINCT account FROM records ORDER BY account",
  changes = "SELECT account, changed FROM accounts WHERE changed > $1 ORDER BY changed",
}

---@class usher.store.sqlite.Engine: usher.store.Engine
---@field private _path string
---@field private _sealer? usher.Sealer since it was opened
---@field private _database? usher.core.sqlite.Engine
local Engine = {}
Engine.__index = Engine

local function transact(self, steps)
  if not self._database then
    return errors.fail("closed", "the store is not open")
  end
  return self._database:transaction(steps)
end

local function query(self, sql, ...)
  local results, err = transact(self, { { sql, params = table.pack(...) } })
  return results and results[1].rows, err
end

--- The statements that make a new store.
---@param sealer usher.Sealer
---@param hash_key? string nil: a new one
---@return string[]? statements
---@return usher.Error? err
function sqlite.creation(sealer, hash_key)
  local sealed, err = header.seal(sealer, hash_key)
  if not sealed then
    return nil, err
  end
  local statements = table.move(CREATE, 1, #CREATE, 1, {})
  table.insert(statements, ("INSERT INTO header (sealed) VALUES ('%s')"):format(sealed))
  return statements
end

--- Where a recovery leaves the fresh store for a moment, before that takes the store's place.
---@param path string of the store
---@return string
function sqlite.recovered_path(path)
  return path .. ".recovered"
end

--- Opens a store's database, unless a recovery has not ended. Waits.
---@param options { path: string, create?: string[] }
---@return usher.core.sqlite.Engine? database
---@return usher.Error? err
function sqlite.open(options)
  if core.file.status(sqlite.recovered_path(options.path)) then
    local message = "%s: a recovery has not ended: run `usher recover` again"
    return errors.fail("store_corrupt", message:format(options.path))
  end
  return core.sqlite.open {
    path = options.path,
    application_id = sqlite.APPLICATION_ID,
    create = options.create,
  }
end

--- Removes the log of a store that was closed in order, which has lost its header then and holds nothing that is not
--- in the file.
---@param path string of the store
---@return boolean is_gone false: the log is still needed
function sqlite.drop_log(path)
  local log = io.open(path .. "-wal", "rb")
  local start = log and log:read(WAL_HEADER_BYTES)
  if log then
    log:close()
  end
  return not log or start == ("\0"):rep(WAL_HEADER_BYTES) and core.file.remove(path .. "-wal") == true
end

--- The header records of an open database, oldest first. Waits.
---@param database usher.core.sqlite.Engine
---@return string[]? headers
---@return usher.Error? err
function sqlite.headers(database)
  local results, err = database:transaction { { SQL.read_headers } }
  if not results then
    return nil, err
  end
  local headers = {}
  for index, row in ipairs(results[1].rows) do
    headers[index] = row[1]
  end
  return headers
end

-- Messages that name the file already say what is to be done.
local function advise(self, err)
  if err.code == "store_corrupt" and not err.message:find(self._path, 1, true) then
    local message = "%s: %s; `usher recover` saves what is whole"
    return errors.new(err.code, message:format(self._path, err.message))
  end
  return err
end

-- What the file says that its tables are decides what statements mean.
local function check_tables(database)
  local results, err = database:transaction { { SQL.tables } }
  local found = {}
  for _, row in ipairs(results and results[1].rows or {}) do
    found[row[1] or ""] = row[2]
  end
  for _, statement in ipairs(results and CREATE or {}) do
    local name = statement:match "^CREATE TABLE (%w+)"
    if name and found[name] ~= statement then
      return errors.fail("store_corrupt", ("the table '%s' is not as it was made"):format(name))
    end
  end
  return results and true, err
end

local function count(database)
  local counted, err = database:transaction { { SQL.count } }
  return counted and true, err
end

--- Checks all that must be right before a store is used. Reading changes nothing on disk. Only with the right key the
--- first write follows, which also shows at once whether the store is whole and can be written. Waits.
---@param database usher.core.sqlite.Engine
---@param sealer usher.Sealer has what the newest header says from then on
---@param path string for messages
---@return true? done
---@return usher.Error? err bad_seal, store_corrupt, no_space, ...
function sqlite.settle(database, sealer, path)
  local headers, is_ours
  local is_whole, err = check_tables(database)
  if is_whole then
    headers, err = sqlite.headers(database)
  end
  if headers then
    is_ours, err = header.adopt(sealer, headers, path)
  end
  if not is_ours then
    return nil, err
  end
  return count(database)
end

function Engine:open(sealer)
  self._sealer = sealer
  local statements, err = sqlite.creation(sealer)
  if not statements then
    return nil, err
  end
  self._database, err = sqlite.open { path = self._path, create = self._create and statements or nil }
  if not self._database then
    return nil, advise(self, err)
  end
  local settled
  settled, err = sqlite.settle(self._database, sealer, self._path)
  if not settled then
    self:close()
    return nil, advise(self, err)
  end
  return true
end

function Engine:close()
  local database = self._database
  self._database = nil
  if database then
    database:close()
  end
end

function Engine:read(name)
  local found, err = query(self, SQL.read, name)
  if not found then
    return nil, err
  end
  local rows = {}
  for _, row in ipairs(found) do
    if row[2] then
      table.insert(rows, { field = row[2], version = row[3], sealed = row[4] })
    end
  end
  return { epoch = found[1] and found[1][1] or 0, rows = rows }
end

local function step_of(name, row)
  if row.version == 0 then
    return { SQL.insert, params = { name, row.field, row.sealed }, guard = row.field }
  end
  return { SQL.update, params = { row.sealed, name, row.field, row.version }, guard = row.field }
end

function Engine:write(name, epoch, rows)
  local steps = {
    { SQL.add_account, params = { name } },
    { SQL.count },
    { SQL.note_change, params = { name, epoch }, guard = "epoch" },
  }
  for _, row in ipairs(rows) do
    table.insert(steps, step_of(name, row))
  end
  local results, err = transact(self, steps)
  if not results and err.code == "guard" then
    return errors.fail "conflict"
  end
  return results and true, err
end

function Engine:erase(name)
  local results, err = transact(self, {
    { SQL.count },
    { SQL.add_account, params = { name } },
    { SQL.raise_epoch, params = { name } },
    { SQL.erase, params = { name } },
  })
  return results and true, err
end

function Engine:check()
  if not self._database then
    return errors.fail("closed", "the store is not open")
  end
  return count(self._database)
end

function Engine:names()
  local rows, err = query(self, SQL.names)
  if not rows then
    return nil, err
  end
  local names = {}
  for index, row in ipairs(rows) do
    names[index] = row[1]
  end
  return names
end

function Engine:changes(since)
  local rows, err = query(self, SQL.changes, since)
  if not rows then
    return nil, err
  end
  local names, cursor = {}, since
  for index, row in ipairs(rows) do
    names[index], cursor = row[1], row[2]
  end
  return names, cursor
end

---@class usher.store.sqlite.options
---@field path string the file; its folder must exist
---@field key usher.core.Secret|usher.config.Deferred|string the master key: 32 bytes, or their base64 text
---@field create? boolean default true; false: a missing file is not_found

--- The options, for whoever checks or documents them.
---@type table<string, usher.config.Key>
sqlite.KEYS = {
  path = {
    value = values.file_path,
    required = true,
    what = "the file; its folder must exist",
    example = "/var/lib/usher/usher.db",
  },
  key = {
    value = values.key,
    required = true,
    secret = true,
    what = "the master key: 32 bytes in base64, as `usher keygen` writes them",
    example = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
  },
  create = {
    value = values.boolean,
    default_text = "true",
    what = "whether a missing file is made",
    example = false,
  },
}

--- A store in a file. Opens nothing and reads nothing yet.
---@param options usher.store.sqlite.options
---@return usher.Store
function sqlite.new(options)
  local from = origin.new("sqlite", options, sqlite.KEYS)
  local engine = { _path = from.options.path, _create = from.options.create ~= false }
  return contract.new(setmetatable(engine, Engine), nil, from)
end

return sqlite
