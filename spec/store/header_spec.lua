-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local header = require "usher.store.header"
local sealer = require "usher.model.sealer"

local OLD, NEW = ("o"):rep(32), ("n"):rep(32)
local HASH_KEY = ("h"):rep(32)

local function with(key, ...)
  return sealer.new { key = key, others = { ... } }
end

local function sealed(key, hash_key)
  return assert(header.seal(with(key), hash_key or HASH_KEY))
end

local function refuses(code, pattern, found, err)
  assert.is_nil(found)
  assert.are.equal(code, err.code)
  assert.matches(pattern, err.message, 1, true)
end

describe("a store's header", function()
  it("opens with its key, and tells how to hash", function()
    local old = with(OLD)
    local found = assert(header.adopt(old, { sealed(OLD) }, "/x"))
    assert.are.same({ key_id = old:key_id(), hash_key = HASH_KEY, count = 1 }, found)
    assert.are.equal(with(HASH_KEY):hash "text", old:hash "text")
  end)

  it("has a key for hashes of its own where it is given none", function()
    local old, keys = with(OLD), {}
    for index = 1, 2 do
      keys[index] = header.adopt(old, { assert(header.seal(old)) }, "/x").hash_key
      assert.are.equal(32, #keys[index])
    end
    assert.are_not.equal(keys[1], keys[2])
  end)

  it("refuses another key", function()
    refuses("bad_seal", "not the one of the store /x", header.adopt(with(NEW), { sealed(OLD) }, "/x"))
    refuses("bad_seal", "not the one", header.adopt(with(NEW), { sealed(OLD), "1.00000000.AAAA" }, "/x"))
  end)

  it("tells damage from another key", function()
    local text = sealed(OLD)
    for _, headers in ipairs {
      {},
      { 7 },
      { "" },
      { "x" },
      { text:sub(1, -10) },
      { (text:gsub("%.[^.]*$", ".AAAA")) },
    } do
      refuses("store_corrupt", "no header record opens", header.adopt(with(OLD), headers, "/x"))
    end
  end)

  it("seals and hashes as the newest says, where a rotation has not ended", function()
    local both = with(OLD, NEW)
    local found = assert(header.adopt(both, { sealed(OLD), sealed(NEW) }, "/x"))
    assert.are.same({ with(NEW):key_id(), 2 }, { found.key_id, found.count })
    assert.are.equal(with(NEW):key_id(), both:key_id())
    assert(header.adopt(both, { sealed(OLD) }, "/x"))
    assert.are.equal(with(OLD):key_id(), both:key_id())
  end)

  it("refuses one key of two", function()
    for _, key in ipairs { OLD, NEW } do
      local headers = { sealed(OLD), sealed(NEW) }
      refuses("bad_seal", "run `usher rotate-key` again", header.adopt(with(key), headers, "/x"))
    end
  end)

  it("is safe between quotes of SQL", function()
    assert.matches("^[%w+/=.]+$", sealed(OLD, core.random.bytes(32)))
  end)
end)
