-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local deferred = require "usher.config.deferred"
local memory = require "usher.store.memory"
local origin = require "usher.store.origin"
local sealer = require "usher.model.sealer"
local sqlite = require "usher.store.sqlite"
local temporary = require "spec.support.temporary"

local KEY = ("k"):rep(32)

local function new(options)
  return origin.new("sqlite", options, sqlite.KEYS)
end

describe("a store's origin", function()
  it("reads the key when it is asked for, whatever it is written as", function()
    local text = core.encoding.base64_encode(KEY) .. "\n"
    local plain = new({ path = "/x", key = KEY }):sealer()
    for _, key in ipairs { core.secret.new(KEY), text, core.secret.new(text) } do
      assert.is_true(new({ path = "/x", key = key }):sealer():has_same_key(plain))
    end
    assert.is_false(new({ path = "/x", key = ("l"):rep(32) }):sealer():has_same_key(plain))
  end)

  it("knows the file of its key, without links, and the next key beside it", function()
    local folder = temporary.folder()
    finally(function()
      temporary.remove(folder)
    end)
    local next_key = ("n"):rep(32)
    temporary.write(folder .. "/key", KEY)
    os.execute(("ln -s key '%s/link'"):format(folder))
    local from = new { path = "/x", key = deferred.file(folder .. "/link") }
    assert.are.equal(core.file.resolve(folder) .. "/key", from:key_file())
    assert.are.equal(1, #assert(from:read_keys()))
    assert(core.file.create(folder .. "/key.new", core.encoding.base64_encode(next_key), 384))
    assert.are.equal(next_key, assert(from:read_keys())[2]:reveal())
    local both = assert(from:sealer())
    assert.is_true(both:has(sealer.id_of(next_key)))
    assert.are.equal(sealer.id_of(KEY), both:key_id())
    temporary.write(folder .. "/key.new", "!")
    assert.matches("key.new: not base64", select(2, from:sealer()).message, 1, true)
    assert.is_nil(new({ path = "/x", key = KEY }):key_file())
  end)

  it("says which secret is missing", function()
    local made, err = new({ path = "/x", key = deferred.env "USHER_SPEC_UNSET" }):sealer()
    assert.is_nil(made)
    assert.are.equal(
      "store.key is missing: the environment variable USHER_SPEC_UNSET is not set",
      err.message
    )
    assert.are.same({ "store", "key" }, err.findings[1].keys)
  end)

  it("tells where the store is, without its key", function()
    assert.are.equal("sqlite create=false path=/x", new({ path = "/x", key = KEY, create = false }):where())
    assert.are.equal("memory", memory.new({}).origin:where())
  end)

  it("keeps nothing of the table it was given", function()
    local options = { path = "/x", key = KEY }
    local from = new(options)
    options.path = "/y"
    assert.are.equal("sqlite path=/x", from:where())
  end)

  it("raises where the options are no table", function()
    for _, store in ipairs { sqlite, memory } do
      assert.error_matches(function()
        store.new "x"
      end, "usher.store.%a+ takes a table")
    end
  end)
end)

describe("stores are the same", function()
  local function prepared(store)
    assert(store:prepare())
    return store
  end

  local function file(path, key)
    return prepared(sqlite.new { path = path, key = key or KEY })
  end

  it("where path and key are", function()
    assert.is_true(file("/x"):is_same(file("/x", core.secret.new(KEY))))
    assert.is_false(file("/x"):is_same(file "/y"))
    assert.is_false(file("/x"):is_same(file("/x", ("l"):rep(32))))
    assert.is_false(file("/x"):is_same(prepared(memory.new {})))
  end)

  it("where both are in memory", function()
    assert.is_true(prepared(memory.new {}):is_same(prepared(memory.new {})))
  end)
end)
