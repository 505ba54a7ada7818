-- SPDX-License-Identifier: MIT
-- A store in a file with some accounts, all states that they have ever had, and ways to damage the file.

local core = require "usher.core"
local sqlite = require "usher.store.sqlite"
local temporary = require "spec.support.temporary"

local damaged_store = { PAGE_BYTES = 4096 }

local NOW = 1800000000

---@class spec.DamagedStore
---@field folder string
---@field path string
---@field key string
---@field history table<string, table<string, true>> account -> "access refresh" of each token set -> true
local DamagedStore = {}
DamagedStore.__index = DamagedStore

local function words_of(tokens)
  return tokens.access_token .. " " .. tokens.refresh_token
end

--- The store, not open.
function DamagedStore:store()
  return sqlite.new { path = self.path, key = self.key, create = false }
end

--- Gives the account its next token set.
---@param store usher.Store open
---@param name string
function DamagedStore:renew(store, name)
  local record = assert(store:load(name))
  local number = record.version + 1
  local tokens = {
    access_token = ("a-%s-%d"):format(name, number),
    refresh_token = ("r-%s-%d"):format(name, number),
    token_type = "Bearer",
    issued_at = NOW,
    expires_at = NOW + 7200,
  }
  local push = { credential = ("c-%s-%d"):format(name, number), received_at = NOW + number }
  local sequence = assert(store:offer(name, push))
  local fence = assert(store:begin(name, {
    owner = "spec",
    lease = 5,
    kind = "exchange",
    now = NOW + number,
    entry = { sequence = sequence },
  }))
  local change = { fence = fence, epoch = 0, now = NOW, token_set = tokens, spent_sequence = sequence }
  assert(store:commit(name, change, record.version))
  self.history[name] = self.history[name] or {}
  self.history[name][words_of(tokens)] = true
end

--- Whether an account ever had these tokens.
---@param name string
---@param tokens usher.TokenSet
---@return boolean
function DamagedStore:had(name, tokens)
  return self.history[name] ~= nil and self.history[name][words_of(tokens)] == true
end

--- Bytes of a file.
---@param suffix? string "-wal"
---@return string
function DamagedStore:read(suffix)
  return temporary.read(self.path .. (suffix or ""))
end

--- Writes bytes into a file of the store.
---@param offset integer from 0
---@param bytes string
---@param suffix? string "-wal"
function DamagedStore:write(offset, bytes, suffix)
  local file <close> = assert(io.open(self.path .. (suffix or ""), "r+b"))
  file:seek("set", offset)
  file:write(bytes)
end

--- Makes a page of the file zeros.
---@param number integer from 1
function DamagedStore:zero_page(number)
  self:write((number - 1) * self.PAGE_BYTES, ("\0"):rep(self.PAGE_BYTES))
end

--- The number of pages in use.
---@return integer
function DamagedStore:pages()
  return (string.unpack(">I4", self:read(), 29))
end

--- The first page that holds a text.
---@param text string
---@return integer number
function DamagedStore:page_with(text)
  return (assert(self:read():find(text, 1, true)) - 1) // self.PAGE_BYTES + 1
end

--- What a record is sealed as.
---@param name string
---@param field string
---@return string
function DamagedStore:sealed(name, field)
  local database <close> =
    assert(core.sqlite.open { path = self.path, application_id = sqlite.APPLICATION_ID })
  local sql = "SELECT sealed FROM records WHERE account = $1 AND field = $2"
  return assert(database:transaction { { sql, params = { name, field } } })[1].rows[1][1]
end

--- A store in a folder, closed.
---@param folder string
---@param options? {accounts: integer?, renewals: integer?, key: string?}
---@return spec.DamagedStore
function damaged_store.new(folder, options)
  options = options or {}
  local self = setmetatable({
    PAGE_BYTES = damaged_store.PAGE_BYTES,
    folder = folder,
    path = folder .. "/usher.db",
    key = options.key or ("k"):rep(32),
    names = {},
    history = {},
  }, DamagedStore)
  local store = sqlite.new { path = self.path, key = self.key }
  assert(store:open())
  for number = 1, options.accounts or 3 do
    local name = ("acme-%d"):format(number)
    table.insert(self.names, name)
    core.loop:spawn(function()
      for _ = 1, options.renewals or 2 do
        self:renew(store, name)
      end
    end)
  end
  core.loop:run()
  store:close()
  return self
end

return damaged_store
