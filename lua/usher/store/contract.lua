-- SPDX-License-Identifier: MIT
-- The store's one contract over small engines. Every change reads an account, makes the changed one by a pure
-- function, and writes the records that changed where their versions are still those read; whoever loses starts over.
-- An engine sees sealed texts only.

local errors = require "usher.errors"
local offers = require "usher.store.offers"
local records = require "usher.store.records"
local transitions = require "usher.store.transitions"
local turns = require "usher.store.turns"

local contract = {}

-- Each loss is somebody else's success: this many in a row mean that something is wrong.
local MAX_TRIES = 50

---@class usher.store.Row
---@field field string
---@field version integer
---@field sealed string

-- All functions wait. `write` is all or nothing: `version` of a row is the one expected (0: no row), and becomes one
-- more; err conflict. `erase` raises the epoch, of a name never written too. `names` are those of accounts with rows,
-- sorted.
---@class usher.store.Engine
---@field open fun(self, sealer: usher.Sealer): true?, usher.Error?
---@field close fun(self)
---@field read fun(self, name: string): {epoch: integer, rows: usher.store.Row[]}?, usher.Error?
---@field write fun(self, name: string, epoch: integer, rows: usher.store.Row[]): true?, usher.Error?
---@field erase fun(self, name: string): true?, usher.Error?
---@field names fun(self): string[]?, usher.Error?
---@field check fun(self): true?, usher.Error?
---@field changes fun(self, since: integer): string[]?, integer|usher.Error

---@class usher.store.Record what `load` gives
---@field name string
---@field version integer of the token set; 0: never had one
---@field epoch integer
---@field subject? string pinned
---@field token_set? usher.TokenSet
---@field alternate? usher.TokenSet
---@field pushes usher.store.Push[] newest last
---@field last_push_at? integer
---@field last_sequence integer of the newest push, whether it is still kept or not; 0: there was none
---@field push_gaps integer[] seconds, newest last
---@field journal? usher.store.Journal the attempt that has not ended, or ended uncertain
---@field lease? table
---@field budgets table<string, table<integer, integer>>

---@class usher.Store
---@field origin? usher.store.Origin
---@field private _engine usher.store.Engine
---@field private _sealer? usher.Sealer nil until the store is prepared
---@field private _is_open boolean
local Store = {}
Store.__index = Store
Store.__name = "usher.store"

--- A store over an engine.
---@param engine usher.store.Engine
---@param sealer? usher.Sealer nil: the origin gives it
---@param origin? usher.store.Origin
---@return usher.Store
function contract.new(engine, sealer, origin)
  local self = { _engine = engine, _sealer = sealer, origin = origin, _is_open = false }
  self._turns, self._offers = turns.new(), offers.new()
  return setmetatable(self, Store)
end

--- Checks what the store was described with, and reads its key. Opens nothing; idempotent.
---@return true? done
---@return usher.Error? err bad_configuration
function Store:prepare()
  if self._sealer then
    return true
  end
  local err
  self._sealer, err = self.origin:sealer()
  return self._sealer and true, err
end

--- Whether another store, prepared like this one, keeps the same records under the same key.
---@param other usher.Store
---@return boolean
function Store:is_same(other)
  local origin, others = self.origin, other.origin
  if not origin or not others then
    return self == other
  end
  return origin:where() == others:where()
    and (not origin:has_key() or self._sealer:has_same_key(other._sealer))
end

--- Opens or creates what the store keeps its records in. Waits. The error's message fits an operator.
---@return true? done
---@return usher.Error? err
function Store:open()
  if self._is_open then
    return true
  end
  local prepared, err = self:prepare()
  if not prepared then
    return nil, err
  end
  local opened
  opened, err = self._engine:open(self._sealer)
  self._is_open = opened == true
  return opened, err
end

--- Ends what is under way, then closes. Waits where it can; idempotent.
function Store:close()
  self._is_open = false
  self._engine:close()
end

local function check_open(self)
  if not self._is_open then
    return errors.fail("closed", "the store is not open")
  end
  return true
end

-- Only damage can be the reason: the key was checked when the store was opened.
local function unseal(self, name, row)
  local text = self._sealer:open(name, row.field, row.version, row.sealed)
  local record = text and records.decode(row.field, text)
  if not record then
    local message = ("the record '%s' of the account '%s' is damaged"):format(row.field, name)
    return errors.fail("store_corrupt", message, { record = row.field })
  end
  return record
end

local function read(self, name)
  local found, err = self._engine:read(name)
  if not found then
    return nil, err
  end
  local account = { epoch = found.epoch, versions = {} }
  for _, field in ipairs(records.FIELDS) do
    account[field], account.versions[field] = records.empty(field), 0
  end
  for _, row in ipairs(found.rows) do
    account[row.field], err = unseal(self, name, row)
    if not account[row.field] then
      return nil, err
    end
    account.versions[row.field] = row.version
  end
  return account
end

local function write(self, name, before, after)
  local rows = {}
  for _, field in ipairs(records.FIELDS) do
    if after[field] ~= before[field] then
      local version = before.versions[field]
      local text, err = records.encode(field, after[field])
      local sealed = text
      if text then
        sealed, err = self._sealer:seal(name, field, version + 1, text)
      end
      if not sealed then
        return nil, err
      end
      table.insert(rows, { field = field, version = version, sealed = sealed })
    end
  end
  if #rows == 0 then
    return true
  end
  return self._engine:write(name, before.epoch, rows)
end

-- `transition(account)` gives the changed account and a result; nil and an error; or the changed account, nil and an
-- error, where a refusal has something to write.
local function change(self, name, transition)
  local is_open, err = check_open(self)
  if not is_open then
    return nil, err
  end
  local place <close> = self._turns:enter(name)
  place:await()
  for _ = 1, MAX_TRIES do
    local before, read_err = read(self, name)
    if not before then
      return nil, read_err
    end
    local after, result, refusal = transition(before)
    if not after then
      return nil, result
    end
    local written, write_err = write(self, name, before, after)
    if written then
      return result, refusal
    elseif write_err.code ~= "conflict" then
      return nil, write_err
    end
  end
  return errors.fail("conflict", ("the account '%s' does not stop changing"):format(name))
end

--- The accounts that have records, sorted. Waits.
---@return string[]? names
---@return usher.Error? err
function Store:names()
  local is_open, err = check_open(self)
  if not is_open then
    return nil, err
  end
  return self._engine:names()
end

--- Whether the store would take a change: makes a small one. Waits.
---@return true? done
---@return usher.Error? err
function Store:check()
  local is_open, err = check_open(self)
  if not is_open then
    return nil, err
  end
  return self._engine:check()
end

--- What is known of an account; of one never seen, the empty record. Waits.
---@param name string
---@return usher.store.Record? record
---@return usher.Error? err store_corrupt with `record`: that one does not open, which is this account's trouble alone
function Store:load(name)
  local account, err = check_open(self)
  if account then
    account, err = read(self, name)
  end
  if not account then
    return nil, err
  end
  return {
    name = name,
    version = account.versions.tokens,
    epoch = account.epoch,
    subject = account.tokens.subject,
    token_set = account.tokens.token_set,
    alternate = account.tokens.alternate,
    pushes = account.inbox.pushes,
    last_push_at = account.inbox.last_push_at,
    last_sequence = account.inbox.sequence,
    push_gaps = account.inbox.gaps,
    journal = account.claim.journal,
    lease = account.claim.lease,
    budgets = records.with({ exchange = {}, refresh = {} }, account.claim.budgets),
  }
end

--- Calls `fn(name, record, err)` for each account in the order of names; `record` is nil where it does not open. Waits.
---@param fn fun(name: string, record: usher.store.Record?, err: usher.Error?)
---@return true? done
---@return usher.Error? err
function Store:each(fn)
  local names, err = self:names()
  if not names then
    return nil, err
  end
  for _, name in ipairs(names) do
    local record, load_err = self:load(name)
    if not record and load_err.code ~= "store_corrupt" then
      return nil, load_err
    end
    fn(name, record, load_err)
  end
  return true
end

--- Forgets an account. What an attempt under way brings is refused from then on: the epoch has changed. Waits.
---@param name string
---@return true? done
---@return usher.Error? err
function Store:remove(name)
  local is_open, err = check_open(self)
  if not is_open then
    return nil, err
  end
  return self._engine:erase(name)
end

--- Takes a pushed credential in; durable when it returns. Waits.
---@param name string
---@param push { subject?: string, credential: string, received_at: number, expires_at?: number }
---@param pinned_subject? string where the configuration names one
---@return integer? sequence
---@return usher.Error? err repeat: a kept or spent one; forbidden: of another subject than the pinned one
function Store:offer(name, push, pinned_subject)
  -- With the subject: whoever repeats a credential in another's name does not spend it for its owner.
  local hash = self._sealer:hash(string.pack(">s4s4", push.subject or "", push.credential))
  local offer <close> = self._offers:add(name, records.with(push, { hash = hash }), pinned_subject)
  local answers, err = change(self, name, function(account)
    return self._offers:take(name, account)
  end)
  if not answers then
    return nil, err
  end
  self._offers:answer(name, answers)
  return offer.sequence, offer.err
end

--- Claims the account for one request: lease, budget and journal entry at once, or nothing. Waits.
---@param name string
---@param options usher.store.begin_options
---@return integer? fence
---@return (usher.Error|{opens_at: integer?})? err held; budget_exhausted
function Store:begin(name, options)
  return change(self, name, function(account)
    account = transitions.count(account, options.kind, options.uncounted)
    account = transitions.redate(account, options.now)
    local begun, result = transitions.begin(account, options)
    if not begun then
      return account, nil, result
    end
    return begun, result
  end)
end

--- Stores a token set, ends the attempt that brought it and spends its credential, all at once. Waits.
---@param name string
---@param result usher.store.commit_result
---@param expected_version integer
---@return integer? version
---@return usher.Error? err conflict: removed, or another token set was stored meanwhile
function Store:commit(name, result, expected_version)
  return change(self, name, function(account)
    return transitions.commit(account, result, expected_version)
  end)
end

--- Ends an attempt without a token set. Waits.
---@param name string
---@param fence integer
---@param outcome "certain"|"uncertain" uncertain: the journal entry stays
---@param options usher.store.abort_options
---@return true? done
---@return usher.Error? err
function Store:abort(name, fence, outcome, options)
  return change(self, name, function(account)
    return transitions.abort(account, fence, outcome, options), true
  end)
end

--- The accounts changed or removed since a cursor, and the cursor for the next call. Waits.
---@param since? integer default 0: all
---@return string[]? names
---@return integer|usher.Error cursor, or err
function Store:changes(since)
  local is_open, err = check_open(self)
  if not is_open then
    return nil, err
  end
  return self._engine:changes(since or 0)
end

return contract
