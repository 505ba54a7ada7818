-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local errors = require "usher.errors"
local sealer = require "usher.model.sealer"

local KEY, OTHER_KEY = ("k"):rep(32), ("o"):rep(32)

local function new(key)
  return sealer.new { key = core.secret.new(key or KEY) }
end

local function refuses(expected, text, err)
  assert.is_nil(text)
  assert.are.equal("bad_seal", err.code)
  if expected then
    assert.are.equal(expected, err.message)
  end
end

describe("sealer", function()
  it("opens what it sealed, in the place it was sealed for", function()
    local one = new()
    for _, text in ipairs { "", "text", ("\0\255"):rep(1000) } do
      local sealed = assert(one:seal("acme", "tokens", 7, text))
      assert.matches("^1%.%x%x%x%x%x%x%x%x%.[%w+/=]+$", sealed)
      assert.are.equal(text, one:open("acme", "tokens", 7, sealed))
    end
  end)

  it("writes the key's id, the same for the same key", function()
    local sealed = new():seal("a", "b", 1, "text")
    assert.are.equal(new():key_id(), sealed:match "^1%.(%x+)%.")
    assert.are_not.equal(new():key_id(), new(OTHER_KEY):key_id())
  end)

  it("never seals twice alike", function()
    local one = new()
    assert.are_not.equal(one:seal("a", "b", 1, "text"), one:seal("a", "b", 1, "text"))
  end)

  it("refuses a record in another place", function()
    local one = new()
    local sealed = one:seal("acme", "tokens", 7, "text")
    refuses(nil, one:open("acmf", "tokens", 7, sealed))
    refuses(nil, one:open("acme", "inbox", 7, sealed))
    refuses(nil, one:open("acme", "tokens", 8, sealed))
    refuses(nil, one:open("acmet", "okens", 7, sealed))
  end)

  it("refuses every changed byte", function()
    local one = new()
    local sealed = one:seal("acme", "tokens", 7, "text")
    for index = 1, #sealed do
      local byte = sealed:byte(index)
      local changed = sealed:sub(1, index - 1) .. string.char(byte ~ 1) .. sealed:sub(index + 1)
      refuses(nil, one:open("acme", "tokens", 7, changed))
    end
    for length = 0, #sealed - 1 do
      refuses(nil, one:open("acme", "tokens", 7, sealed:sub(1, length)))
    end
  end)

  it("says what is wrong with a record", function()
    local one = new()
    refuses("sealed with another key", one:open("a", "b", 1, new(OTHER_KEY):seal("a", "b", 1, "text")))
    refuses("not a sealed record", one:open("a", "b", 1, "text"))
    refuses("not a sealed record", one:open("a", "b", 1, "2." .. one:key_id() .. ".AAAA"))
    refuses("a damaged sealed record", one:open("a", "b", 1, "1." .. one:key_id() .. ".AAAA"))
  end)

  it("uses the random bytes it is given, and fails where there are none", function()
    local nonce = ("n"):rep(12)
    local one = sealer.new {
      key = KEY,
      random = function(count)
        return nonce:sub(1, count)
      end,
    }
    local bytes = core.encoding.base64_decode(one:seal("a", "b", 1, "text"):match "[^.]+$")
    assert.are.equal(nonce, bytes:sub(1, 12))
    local failing = sealer.new {
      key = KEY,
      random = function()
        return errors.fail "crypto"
      end,
    }
    assert.are.equal("crypto", select(2, failing:seal("a", "b", 1, "text")).code)
  end)

  it("hashes with the key", function()
    assert.matches("^" .. ("%x"):rep(64) .. "$", new():hash "credential")
    assert.are.equal(new():hash "credential", new():hash "credential")
    assert.are_not.equal(new():hash "credential", new(OTHER_KEY):hash "credential")
    assert.are_not.equal(new():hash "credential", new():hash "credentiam")
  end)

  it("opens with each of its keys, and seals with the one it is told to", function()
    local old, new_one = new(), new(OTHER_KEY)
    local both = sealer.new { key = core.secret.new(KEY), others = { core.secret.new(OTHER_KEY) } }
    assert.are.equal("text", both:open("a", "b", 1, old:seal("a", "b", 1, "text")))
    assert.are.equal("text", both:open("a", "b", 1, new_one:seal("a", "b", 1, "text")))
    assert.are.equal("text", old:open("a", "b", 1, both:seal("a", "b", 1, "text")))
    local hash = both:hash "text"
    both:use(new_one:key_id())
    local sealed = both:seal("a", "b", 1, "text")
    assert.are.same(
      { new_one:key_id(), "text" },
      { sealer.key_id_in(sealed), new_one:open("a", "b", 1, sealed) }
    )
    assert.are.equal(hash, both:hash "text")
    assert.is_true(both:has(old:key_id()) and both:has(new_one:key_id()) and not old:has(new_one:key_id()))
    assert.is_true(both:has_same_key(old) and old:has_same_key(both) and not old:has_same_key(new_one))
  end)

  it("hashes with another key where it is told to", function()
    local one, other = new(), new(OTHER_KEY)
    one:hash_with(OTHER_KEY)
    assert.are.equal(other:hash "credential", one:hash "credential")
  end)

  it("raises on a key of another size", function()
    assert.error_matches(function()
      new "short"
    end, "the key must have 32 bytes", 1, true)
  end)
end)
