-- SPDX-License-Identifier: MIT
-- A store that lasts as long as its object: for specs, and for a program that can do without.

local contract = require "usher.store.contract"
local core = require "usher.core"
local errors = require "usher.errors"
local origin = require "usher.store.origin"

local memory = {}

local KEY_BYTES = 32

---@class usher.store.memory.Engine: usher.store.Engine
local Engine = {}
Engine.__index = Engine

local function head_of(self, name)
  self._heads[name] = self._heads[name] or { epoch = 0, changed = 0, rows = {} }
  return self._heads[name]
end

local function note_change(self, head)
  self._count = self._count + 1
  head.changed = self._count
end

function Engine.open()
  return true
end

function Engine.close() end

function Engine:read(name)
  local head, rows = self._heads[name], {}
  for field, row in pairs(head and head.rows or {}) do
    table.insert(rows, { field = field, version = row.version, sealed = row.sealed })
  end
  return { epoch = head and head.epoch or 0, rows = rows }
end

local function is_current(head, epoch, rows)
  for _, row in ipairs(rows) do
    local stored = head.rows[row.field]
    if (stored and stored.version or 0) ~= row.version then
      return false
    end
  end
  return head.epoch == epoch
end

function Engine:write(name, epoch, rows)
  local head = head_of(self, name)
  if not is_current(head, epoch, rows) then
    return errors.fail "conflict"
  end
  for _, row in ipairs(rows) do
    head.rows[row.field] = { version = row.version + 1, sealed = row.sealed }
  end
  note_change(self, head)
  return true
end

function Engine:erase(name)
  local head = head_of(self, name)
  head.epoch, head.rows = head.epoch + 1, {}
  note_change(self, head)
  return true
end

function Engine.check()
  return true
end

function Engine:names()
  local names = {}
  for name, head in pairs(self._heads) do
    if next(head.rows) then
      table.insert(names, name)
    end
  end
  table.sort(names)
  return names
end

function Engine:changes(since)
  local names, cursor = {}, since
  for name, head in pairs(self._heads) do
    if head.changed > since then
      table.insert(names, name)
      cursor = math.max(cursor, head.changed)
    end
  end
  table.sort(names, function(a, b)
    return self._heads[a].changed < self._heads[b].changed
  end)
  return names, cursor
end

--- An engine that keeps everything in tables.
---@return usher.store.Engine
function memory.engine()
  return setmetatable({ _heads = {}, _count = 0 }, Engine)
end

local function make_key()
  return core.secret.new(assert(core.random.bytes(KEY_BYTES)))
end

--- A store in memory, sealed with a key of its own like any other.
---@param options? table without fields
---@return usher.Store
function memory.new(options)
  return contract.new(memory.engine(), nil, origin.new("memory", options, {}, make_key))
end

return memory
