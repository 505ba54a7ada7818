-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local vectors = require "spec.support.vectors"
local hex, bytes_of = core.encoding.hex_encode, core.encoding.hex_decode

describe("md5", function()
  local function gives(rows)
    for _, row in ipairs(rows) do
      assert.are.equal(row[2], hex(core.digest.md5(row[1])))
    end
  end

  it("agrees with RFC 1321, appendix A.5", function()
    gives {
      { "", "d41d8cd98f00b204e9800998ecf8427e" },
      { "a", "0cc175b9c0f1b6a831c399e269772661" },
      { "abc", "900150983cd24fb0d6963f7d28e17f72" },
      { "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
      { "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
      {
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        "d174ab98d277d9f5a5611c2c9f419d9f",
      },
      { ("1234567890"):rep(8), "57edf4a22be3c955ac49da2e2107b67a" },
    }
  end)

  it("gives the state that a provider makes of an API key", function()
    gives {
      { "sk-test-0123456789abcdef", "720ff2f86219c9cbf9ff73ff4bc40517" },
      { "sk-test-0123456789abcdef\n", "d26893f17318d4e2cd6a6ae7372d17d4" },
      { " sk-test-0123456789abcdef", "1923e7774d2fa2099eea91104dd3dbf8" },
      { "ключ-ß-鍵", "7e0e18a9b7d7c5781729a488649f441a" },
    }
  end)

  it("is right around the ends of its blocks", function()
    gives {
      { ("k"):rep(55), "f79f83e3aced4f982e07a1506063b383" },
      { ("k"):rep(56), "591a02036ec465ba18d49fcf542393c4" },
      { ("k"):rep(57), "2df4393aedbfdadbcf707d9c5715e557" },
      { ("k"):rep(63), "c50d8e66810e6c9b4bee06af0d93a639" },
      { ("k"):rep(64), "a18cc771b8188ff945d0dd7757c50fd1" },
      { ("k"):rep(65), "aedbc330ec135bf79f8a1988a8cf9531" },
      { ("k"):rep(119), "e98dff4fa8de0399e290a5a387aa4ca1" },
      { ("k"):rep(120), "79856b3763fe0eb68f4f8a05651ac41a" },
      { ("k"):rep(1000), "10e6566b519be24e1bd53f98e904248b" },
    }
  end)
end)

describe("sha1", function()
  it("agrees with FIPS 180-4's examples", function()
    for _, row in ipairs {
      { "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
      { "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
      {
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
      },
      { ("a"):rep(1000000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f" },
    } do
      assert.are.equal(row[2], hex(core.digest.sha1(row[1])))
    end
  end)
end)

describe("sha256", function()
  it("agrees with FIPS 180-4's examples", function()
    for _, row in ipairs {
      { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
      { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
      {
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
      },
      { ("a"):rep(1000000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
    } do
      assert.are.equal(row[2], hex(core.digest.sha256(row[1])))
    end
  end)
end)

describe("hmac_sha256", function()
  -- Key, data, tag; case 5's tag is truncated to 128 bits.
  local rfc4231 = {
    { ("\x0b"):rep(20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
    {
      "Jefe",
      "what do ya want for nothing?",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    },
    {
      ("\xaa"):rep(20),
      ("\xdd"):rep(50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    },
    {
      bytes_of "0102030405060708090a0b0c0d0e0f10111213141516171819",
      ("\xcd"):rep(50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    },
    { ("\x0c"):rep(20), "Test With Truncation", "a3b6167473100ee06e0c796c2955552b" },
    {
      ("\xaa"):rep(131),
      "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    },
    {
      ("\xaa"):rep(131),
      "This is a test using a larger than block-size key and a larger than block-size data. "
        .. "The key needs to be hashed before being used by the HMAC algorithm.",
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    },
  }

  it("agrees with RFC 4231, its key a string or a secret", function()
    for _, row in ipairs(rfc4231) do
      local key <close> = core.secret.new(row[1])
      assert.are.equal(row[3], hex(core.digest.hmac_sha256(row[1], row[2])):sub(1, #row[3]))
      assert.are.equal(row[3], hex(core.digest.hmac_sha256(key, row[2])):sub(1, #row[3]))
    end
  end)

  it("takes an empty key and empty bytes", function()
    local empty = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
    assert.are.equal(empty, hex(core.digest.hmac_sha256("", "")))
    assert.are.equal(empty, hex(core.digest.hmac_sha256(core.secret.new "", "")))
  end)

  vectors.it(it, "agrees with Wycheproof", "wycheproof_hmac_sha256.json", function(suite)
    local count = 0
    for test, group in vectors.wycheproof(suite) do
      local tag = hex(core.digest.hmac_sha256(bytes_of(test.key), (bytes_of(test.msg))))
      local is_right = tag:sub(1, group.tagSize // 4) == test.tag
      assert.are.equal(test.result == "valid", is_right, "case " .. test.tcId)
      count = count + 1
    end
    assert.are.equal(suite.numberOfTests, count)
  end)

  it("raises on a key that is neither string nor secret", function()
    assert.has_error(function()
      core.digest.hmac_sha256({}, "")
    end, "bad argument #1 to 'hmac_sha256' (secret or string expected, got table)")
  end)
end)
