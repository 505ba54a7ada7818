-- SPDX-License-Identifier: MIT
-- Makes a fresh store of what is whole in a damaged one, and puts it in its place. The damaged files are kept beside
-- it. Nobody else has the store meanwhile; killed at any moment, the same call finishes the work.

local core = require "usher.core"
local errors = require "usher.errors"
local header = require "usher.store.header"
local salvage = require "usher.store.salvage"
local sealer = require "usher.model.sealer"
local sorted = require "usher.config.sorted"
local sqlite = require "usher.store.sqlite"

local recovery = {}

local FILE_MODE = 384 -- 0600
local MAX_LOG_BYTES = 1 << 30
local PAGE_BYTES = 4096
local BATCH = 64

-- https://www.sqlite.org/fileformat.html section 1.3: the size in pages, which counts where the other two are equal
local SIZE_OFFSET, CHANGES_OFFSET, VALID_FOR_OFFSET = 28, 24, 92

local SQL = {
  add_account = "INSERT INTO accounts (account, epoch, changed) VALUES ($1, $2, $3)",
  add_record = "INSERT INTO records (account, field, version, sealed) VALUES ($1, $2, $3, $4)",
  count = "UPDATE counter SET value = $1",
}

local function exists(path)
  return core.file.status(path) ~= nil
end

local function remove(path)
  return not exists(path) or core.file.remove(path)
end

-- files -----------------------------------------------------------------------------------------------

local function names_of(path, now)
  return {
    store = path,
    log = path .. "-wal",
    old = path .. ".recovering-old",
    old_log = path .. ".recovering-old-wal",
    trial = path .. ".recovering-trial",
    trial_log = path .. ".recovering-trial-wal",
    fresh = path .. ".recovering",
    fresh_log = path .. ".recovering-wal",
    ready = sqlite.recovered_path(path),
    kept = ("%s.damaged-%s"):format(path, os.date("!%Y%m%dT%H%M%SZ", now)),
  }
end

local SCRATCH = { "old", "old_log", "trial", "trial_log", "fresh", "fresh_log" }

local function sweep(names)
  for _, name in ipairs(SCRATCH) do
    remove(names[name])
  end
end

local function copy_log(from, to)
  local bytes, err = core.file.read(from, MAX_LOG_BYTES)
  if not bytes and err.code == "not_found" then
    return true
  elseif not bytes then
    return nil, err
  end
  return core.file.create(to, bytes, FILE_MODE)
end

local function copy(hold, names, to, to_log)
  local copied, err = hold:copy(to)
  if copied then
    copied, err = copy_log(names.log, to_log)
  end
  return copied, err
end

-- reading ---------------------------------------------------------------------------------------------

-- The first page says what tables there are and where: in every store of ours the same. That of a new one serves where
-- it is damaged.
local function graft(path, page)
  local file = assert(io.open(path, "r+b"))
  local pages = file:seek "end" // PAGE_BYTES
  local changes = page:sub(CHANGES_OFFSET + 1, CHANGES_OFFSET + 4)
  file:seek "set"
  file:write(page:sub(1, SIZE_OFFSET), string.pack(">I4", pages), page:sub(SIZE_OFFSET + 5, VALID_FOR_OFFSET))
  file:write(changes, page:sub(VALID_FOR_OFFSET + 5))
  file:close()
end

local function first_page(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read(PAGE_BYTES)
end

-- What reads well may still not do for a gateway.
local function opens(self, hold)
  local names = self.names
  local copied, err = copy(hold, names, names.trial, names.trial_log)
  local database, settled
  if copied then
    database, err = sqlite.open { path = names.trial }
  end
  if database then
    settled, err = sqlite.settle(database, self.sealer, names.store)
    database:close()
  end
  remove(names.trial)
  remove(names.trial_log)
  return settled ~= nil, err
end

local function read_grafted(self, hold)
  local names = self.names
  local made, err = sqlite.open { path = names.trial, create = sqlite.creation(self.sealer) }
  if not made then
    return nil, err
  end
  made:close()
  local page = first_page(names.trial)
  remove(names.trial)
  remove(names.trial_log)
  local copied
  copied, err = copy(hold, names, names.trial, names.trial_log)
  if not copied then
    return nil, err
  end
  graft(names.trial, page)
  return salvage.read(names.trial, self.sealer)
end

local function read(self, hold)
  local copied, err = copy(hold, self.names, self.names.old, self.names.old_log)
  if not copied then
    return nil, err
  end
  local found = salvage.read(self.names.old, self.sealer)
  if found.is_whole then
    found.is_whole, err = opens(self, hold)
  end
  if found.is_whole then
    return found
  elseif err and err.code ~= "store_corrupt" then
    return nil, err
  end
  local more
  more, err = read_grafted(self, hold)
  return more and salvage.join(found, more), err
end

-- A damaged header must not pass for another key, nor another key for damage.
local function check(self, found)
  local adopted, err = header.adopt(self.sealer, found.headers, self.names.store)
  if adopted then
    return true, nil, adopted.hash_key
  elseif found.count > 0 and (err.code == "store_corrupt" or found.foreign == 0) then
    return true
  elseif err.code == "bad_seal" then
    return nil, err
  end
  return errors.fail("store_corrupt", self.names.store .. ": nothing in it opens with the master key")
end

-- writing ---------------------------------------------------------------------------------------------

local function steps_of(self, found)
  local steps = {}
  for number, name in ipairs(sorted.keys(found.accounts)) do
    local account = found.accounts[name]
    if next(account.records) then
      table.insert(steps, { SQL.add_account, params = { name, account.epoch, number } })
    end
    for _, field in ipairs(sorted.keys(account.records)) do
      local record = account.records[field]
      local sealed, err = self.sealer:seal(name, field, record.version, record.text)
      if not sealed then
        return nil, err
      end
      table.insert(steps, { SQL.add_record, params = { name, field, record.version, sealed } })
    end
    table.insert(steps, { SQL.count, params = { number } })
  end
  return steps
end

local function fill(database, steps)
  for first = 1, #steps, BATCH do
    local batch = table.move(steps, first, math.min(#steps, first + BATCH - 1), 1, {})
    local results, err = database:transaction(batch)
    if not results then
      return nil, err
    end
  end
  return true
end

local function build(self, found, hash_key)
  local names = self.names
  local steps, err = steps_of(self, found)
  local statements, database
  if steps then
    statements, err = sqlite.creation(self.sealer, hash_key)
  end
  if statements then
    database, err = sqlite.open { path = names.fresh, create = statements }
  end
  if not database then
    return nil, err
  end
  local filled
  filled, err = fill(database, steps)
  database:close()
  if filled and not sqlite.drop_log(names.fresh) then
    filled, err = errors.fail("store_failed", names.fresh .. ": cannot be closed in order")
  end
  if filled then
    filled, err = core.file.copy_owner(names.fresh, names.store)
  end
  return filled, err
end

-- While the fresh store is there under its first name, no gateway starts.
local function install(names)
  local done, err = remove(names.log)
  if done then
    done, err = core.file.rename(names.ready, names.store)
  end
  return done, err
end

local function keep_old(names)
  local done, err = core.file.copy_owner(names.old, names.store)
  if done and exists(names.old_log) then
    done, err = core.file.rename(names.old_log, names.kept .. "-wal")
  end
  if done then
    done, err = core.file.rename(names.old, names.kept)
  end
  return done, err
end

local function replace(self, found, hash_key)
  local names = self.names
  local done, err = build(self, found, hash_key)
  if done then
    done, err = keep_old(names)
  end
  if done then
    done, err = core.file.rename(names.fresh, names.ready)
  end
  if done then
    done, err = install(names)
  end
  return done, err
end

-- a run -----------------------------------------------------------------------------------------------

---@class usher.store.recovery.Report
---@field is_whole? boolean nothing was damaged, and nothing has changed
---@field is_finished? boolean a recovery that was interrupted is done now
---@field accounts? {name: string, saved: string[], lost: string[]}[]
---@field kept? string where the damaged store is

local function report_of(found, names)
  local accounts = {}
  for _, name in ipairs(sorted.keys(found.accounts)) do
    local account = found.accounts[name]
    table.insert(accounts, {
      name = name,
      saved = sorted.keys(account.records),
      lost = sorted.keys(account.lost),
    })
  end
  return { accounts = accounts, kept = names.kept }
end

local function recover(self, hold)
  local found, err = read(self, hold)
  if not found then
    return nil, err
  elseif found.is_whole then
    return { is_whole = true }
  end
  local usable, hash_key
  usable, err, hash_key = check(self, found)
  local done
  if usable then
    done, err = replace(self, found, hash_key)
  end
  return done and report_of(found, self.names), err
end

local function finish(names)
  local done, err = install(names)
  return done and { is_finished = true }, err
end

---@class usher.store.recovery.options
---@field path string of the store
---@field keys (usher.core.Secret|string)[] that may open its records
---@field now number seconds since 1970

--- Saves what is whole. Waits. Refused while a gateway has the store.
---@param options usher.store.recovery.options
---@return usher.store.recovery.Report? report
---@return usher.Error? err store_locked; not_found; bad_seal, store_corrupt: nothing opens with these keys; ...
function recovery.run(options)
  local hold, err = core.sqlite_hold.open(options.path)
  if not hold then
    return nil, err
  end
  local _ <close> = hold
  local names = names_of(options.path, math.floor(options.now))
  if exists(names.ready) then
    return finish(names)
  end
  sweep(names)
  local with = sealer.new { key = options.keys[1], others = { options.keys[2] } }
  local report
  report, err = recover({ names = names, sealer = with }, hold)
  sweep(names)
  return report, err
end

return recovery
