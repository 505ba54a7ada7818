-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local damaged_store = require "spec.support.damaged_store"
local salvage = require "usher.store.salvage"
local sealer = require "usher.model.sealer"
local sqlite = require "usher.store.sqlite"
local temporary = require "spec.support.temporary"

describe("salvage", function()
  local folder, subject

  before_each(function()
    folder = temporary.folder()
    subject = damaged_store.new(folder)
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  local function read(key)
    return salvage.read(subject.path, sealer.new { key = key or subject.key })
  end

  -- Straight into the file, whatever the store would say.
  local function change(...)
    local database <close> =
      assert(core.sqlite.open { path = subject.path, application_id = sqlite.APPLICATION_ID })
    assert(database:transaction { ... })
    database:close()
  end

  it("finds everything in a whole store", function()
    local found = read()
    assert.are.same({ true, 9, 0, 1 }, { found.is_whole, found.count, found.foreign, #found.headers })
    for _, name in ipairs(subject.names) do
      local account = found.accounts[name]
      assert.are.equal(2, account.records.tokens.version)
      assert.matches("a-" .. name .. "-2", account.records.tokens.text, 1, true)
      assert.are.same({}, account.lost)
    end
  end)

  it("takes nothing that does not open in its place", function()
    change(
      { "UPDATE records SET version = 9 WHERE account = 'acme-1' AND field = 'tokens'" },
      { "UPDATE records SET account = 'acme-4' WHERE account = 'acme-2' AND field = 'tokens'" },
      { "UPDATE records SET field = 'nonsense' WHERE account = 'acme-3' AND field = 'inbox'" }
    )
    local found = read()
    assert.is_false(found.is_whole)
    assert.are.equal(6, found.count)
    assert.is_true(found.accounts["acme-1"].lost.tokens)
    assert.is_nil(found.accounts["acme-1"].records.tokens)
    assert.is_true(found.accounts["acme-4"].lost.tokens)
    assert.is_nil(next(found.accounts["acme-4"].records))
  end)

  it("passes over values of other types", function()
    change(
      { "UPDATE records SET sealed = x'00' WHERE account = 'acme-1' AND field = 'tokens'" },
      { "UPDATE records SET sealed = 7 WHERE account = 'acme-2' AND field = 'tokens'" },
      { "UPDATE accounts SET epoch = 'x' WHERE account = 'acme-3'" }
    )
    local found = read()
    assert.is_false(found.is_whole)
    assert.are.equal(7, found.count)
  end)

  it("counts what is sealed with other keys", function()
    local found = read(("x"):rep(32))
    assert.are.same({ false, 0, 9 }, { found.is_whole, found.count, found.foreign })
  end)

  it("finds nothing in what is no store", function()
    temporary.write(subject.path, ("x"):rep(10000))
    local found = read()
    assert.are.same({ false, 0, {} }, { found.is_whole, found.count, found.accounts })
  end)

  it("joins two readings: of each record the newest", function()
    local function reading(epoch, records, lost)
      return {
        headers = {},
        count = 0,
        foreign = 0,
        accounts = { acme = { epoch = epoch, records = records, lost = lost } },
      }
    end
    local one = reading(1, { tokens = { version = 2 }, inbox = { version = 5 } }, { claim = true })
    local other = reading(
      3,
      { tokens = { version = 4 }, claim = { version = 1 } },
      { inbox = true, tokens = true }
    )
    local joined = salvage.join(one, other)
    assert.are.same({
      epoch = 3,
      records = { tokens = { version = 4 }, inbox = { version = 5 }, claim = { version = 1 } },
      lost = {},
    }, joined.accounts.acme)
    assert.are.same({ false, 3 }, { joined.is_whole, joined.count })
  end)
end)
