-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local temporary = require "spec.support.temporary"
local vectors = require "spec.support.vectors"
local aead = core.aead
local hex, bytes_of = core.encoding.hex_encode, core.encoding.hex_decode

local KEY, NONCE = ("k"):rep(32), ("n"):rep(12)

local function fails(code, result, err)
  assert.is_nil(result)
  assert.are.equal(code, err.code)
end

describe("aead", function()
  -- The GCM specification's test cases 13, 14 and 16: key, nonce, plaintext, associated, ciphertext, tag.
  local cases = {
    { ("00"):rep(32), ("00"):rep(12), "", "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
    {
      ("00"):rep(32),
      ("00"):rep(12),
      ("00"):rep(16),
      "",
      "cea7403d4d606b6e074ec5d3baf39d18",
      "d0d1c8a799996bf0265b98b5d48ab919",
    },
    {
      "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
      "cafebabefacedbaddecaf888",
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
        .. "b16aedf5aa0de657ba637b39",
      "feedfacedeadbeeffeedfacedeadbeefabaddad2",
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
        .. "c5f61e6393ba7a0abcc9f662",
      "76fc6ece0f4e1768cddf8853bb2d551b",
    },
  }

  it("agrees with the GCM specification", function()
    for _, case in ipairs(cases) do
      local key, nonce, plaintext, associated =
        bytes_of(case[1]), bytes_of(case[2]), bytes_of(case[3]), bytes_of(case[4])
      local sealed = aead.seal(key, nonce, plaintext, associated)
      assert.are.equal(case[5] .. case[6], hex(sealed))
      assert.are.equal(plaintext, (aead.open(key, nonce, sealed, associated)))
    end
  end)

  vectors.it(
    it,
    "agrees with Wycheproof and refuses its other sizes",
    "wycheproof_aes_gcm.json",
    function(suite)
      local right, refused = 0, 0
      for test, group in vectors.wycheproof(suite) do
        local key, nonce = bytes_of(test.key), bytes_of(test.iv)
        local plaintext, associated = bytes_of(test.msg), bytes_of(test.aad)
        local sealed, err = aead.seal(key, nonce, plaintext, associated)
        local opened, open_err = aead.open(key, nonce, bytes_of(test.ct .. test.tag), associated)
        local name = "case " .. test.tcId
        if group.keySize ~= 256 or group.ivSize ~= 96 then
          local code = group.keySize ~= 256 and "bad_key" or "invalid_argument"
          assert.are.same({ nil, nil, code, code }, { sealed, opened, err.code, open_err.code }, name)
          refused = refused + 1
        elseif test.result == "valid" then
          assert.are.equal(test.ct .. test.tag, hex(sealed), name)
          assert.are.equal(plaintext, opened, name)
          right = right + 1
        else
          fails("bad_seal", opened, open_err)
          right = right + 1
        end
      end
      assert.are.same({ 66, 250 }, { right, refused })
    end
  )

  it("takes its key from a secret", function()
    local key <close> = core.secret.new(KEY)
    local sealed = aead.seal(key, NONCE, "text", "where")
    assert.are.equal(aead.seal(KEY, NONCE, "text", "where"), sealed)
    assert.are.equal("text", (aead.open(key, NONCE, sealed, "where")))
  end)

  it("seals nothing, with and without associated data", function()
    for _, associated in ipairs { "", "where" } do
      local sealed = aead.seal(KEY, NONCE, "", associated)
      assert.are.equal(16, #sealed)
      assert.are.equal("", (aead.open(KEY, NONCE, sealed, associated)))
    end
  end)

  it("takes large texts", function()
    local text = ("0123456789abcdef"):rep(65536)
    assert.is_true(text == aead.open(KEY, NONCE, aead.seal(KEY, NONCE, text, ""), ""))
  end)

  it("notices each single bit of the sealed text", function()
    local sealed = aead.seal(KEY, NONCE, "text", "where")
    for index = 1, #sealed do
      for bit = 0, 7 do
        local changed = sealed:sub(1, index - 1)
          .. string.char(sealed:byte(index) ~ (1 << bit))
          .. sealed:sub(index + 1)
        fails("bad_seal", aead.open(KEY, NONCE, changed, "where"))
      end
    end
  end)

  it("refuses every shorter and every longer text", function()
    local sealed = aead.seal(KEY, NONCE, "text", "where")
    for length = 0, #sealed - 1 do
      fails("bad_seal", aead.open(KEY, NONCE, sealed:sub(1, length), "where"))
    end
    fails("bad_seal", aead.open(KEY, NONCE, sealed .. "\0", "where"))
  end)

  it("refuses another key, nonce or associated data", function()
    local sealed = aead.seal(KEY, NONCE, "text", "where")
    fails("bad_seal", aead.open(("K"):rep(32), NONCE, sealed, "where"))
    fails("bad_seal", aead.open(KEY, ("N"):rep(12), sealed, "where"))
    fails("bad_seal", aead.open(KEY, NONCE, sealed, "there"))
    fails("bad_seal", aead.open(KEY, NONCE, sealed, ""))
  end)

  it("refuses keys and nonces of other sizes", function()
    for _, size in ipairs { 0, 16, 24, 31, 33, 64 } do
      fails("bad_key", aead.seal(("k"):rep(size), NONCE, "text", ""))
      fails("bad_key", aead.open(("k"):rep(size), NONCE, ("s"):rep(20), ""))
    end
    for _, size in ipairs { 0, 8, 11, 13, 16 } do
      fails("invalid_argument", aead.seal(KEY, ("n"):rep(size), "text", ""))
      fails("invalid_argument", aead.open(KEY, ("n"):rep(size), ("s"):rep(20), ""))
    end
  end)

  it("fails where the library has no cipher", function()
    local folder = temporary.folder()
    finally(function()
      temporary.remove(folder)
    end)
    temporary.write(
      folder .. "/openssl.cnf",
      "openssl_conf=main\n[main]\nproviders=list\n[list]\nnull=only\n[only]\nactivate=1\n"
    )
    local code = child.run(
      [[
        local core = require "usher.core"
        io.write(select(2, core.aead.seal(("k"):rep(32), ("n"):rep(12), "text", "")).code)
      ]],
      { environment = { OPENSSL_CONF = folder .. "/openssl.cnf" } }
    )
    assert.are.equal("crypto", code)
  end)

  it("raises on arguments of another type", function()
    for index = 1, 4 do
      for _, call in ipairs { aead.seal, aead.open } do
        local arguments = { KEY, NONCE, ("s"):rep(20), "" }
        arguments[index] = {}
        assert.has_error(function()
          call(table.unpack(arguments))
        end)
      end
    end
  end)
end)
