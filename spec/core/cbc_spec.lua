-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local cbc = core.cbc
local hex, bytes_of = core.encoding.hex_encode, core.encoding.hex_decode

local KEY, IV, BLOCK = ("k"):rep(32), ("i"):rep(16), ("b"):rep(16)

local function fails(code, result, err)
  assert.is_nil(result)
  assert.are.equal(code, err.code)
end

describe("cbc", function()
  -- NIST SP 800-38A, F.2.5 and F.2.6.
  local key = bytes_of "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
  local iv = bytes_of "000102030405060708090a0b0c0d0e0f"
  local plaintext = bytes_of(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      .. "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
  )
  local ciphertext = "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
    .. "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"

  it("agrees with SP 800-38A", function()
    assert.are.equal(ciphertext, hex(cbc.encrypt(key, iv, plaintext)))
    assert.are.equal(plaintext, (cbc.decrypt(key, iv, bytes_of(ciphertext))))
  end)

  it("takes its key from a secret", function()
    local secret <close> = core.secret.new(key)
    assert.are.equal(ciphertext, hex(cbc.encrypt(secret, iv, plaintext)))
    assert.are.equal(plaintext, (cbc.decrypt(secret, iv, bytes_of(ciphertext))))
  end)

  it("neither adds nor removes padding", function()
    local padded = BLOCK .. ("\16"):rep(16)
    assert.are.equal(padded, (cbc.decrypt(KEY, IV, cbc.encrypt(KEY, IV, padded))))
    assert.are.equal("", (cbc.encrypt(KEY, IV, "")))
    assert.are.equal("", (cbc.decrypt(KEY, IV, "")))
  end)

  it("takes large texts", function()
    local text = ("0123456789abcdef"):rep(65536)
    assert.is_true(text == cbc.decrypt(KEY, IV, cbc.encrypt(KEY, IV, text)))
  end)

  it("refuses other sizes of key, IV and text", function()
    for _, run in ipairs { cbc.encrypt, cbc.decrypt } do
      for _, size in ipairs { 0, 16, 24, 31, 33, 64 } do
        fails("bad_key", run(("k"):rep(size), IV, BLOCK))
      end
      for _, size in ipairs { 0, 12, 15, 17, 32 } do
        fails("invalid_argument", run(KEY, ("i"):rep(size), BLOCK))
      end
      for _, size in ipairs { 1, 15, 17, 31, 33 } do
        fails("invalid_argument", run(KEY, IV, ("b"):rep(size)))
      end
    end
  end)

  it("raises on arguments of another type and on a closed secret", function()
    local closed = core.secret.new(KEY)
    closed:close()
    for _, run in ipairs { cbc.encrypt, cbc.decrypt } do
      for index = 1, 3 do
        local arguments = { KEY, IV, BLOCK }
        arguments[index] = {}
        assert.has_error(function()
          run(table.unpack(arguments))
        end)
      end
      assert.has_error(function()
        run(closed, IV, BLOCK)
      end)
    end
  end)
end)
