-- SPDX-License-Identifier: MIT
-- core.signature against the examples of RFC 7515, appendix A.

require "spec.support.paths"
local core = require "usher.core"
local jose_keys = require "spec.support.jose_keys"
local temporary = require "spec.support.temporary"

local signature = core.signature
local RS256, ES256 = jose_keys.RS256, jose_keys.ES256
local RS256_INPUT = "eyJhbGciOiJSUzI1NiJ9." .. jose_keys.payload
local ES256_INPUT = "eyJhbGciOiJFUzI1NiJ9." .. jose_keys.payload

local RS256_SIGNATURE = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"
  .. "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
  .. "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K"
  .. "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
  .. "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB"
  .. "p0igcN_IoypGlUPQGe77Rw"
local ES256_SIGNATURE = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
  .. "pmWQxfKTUJqPP3-Kg6NU1Q"

local function decode(text)
  return assert(core.encoding.base64url_decode(text))
end

local function flip(bytes, index)
  return bytes:sub(1, index - 1) .. string.char(bytes:byte(index) ~ 1) .. bytes:sub(index + 1)
end

describe("signature", function()
  it("is that of RFC 7515, A.2, with RS256", function()
    assert.are.equal(
      RS256_SIGNATURE,
      core.encoding.base64url_encode(signature.sign("RS256", RS256.private, RS256_INPUT))
    )
    assert.is_true(signature.verify("RS256", RS256.public, RS256_INPUT, decode(RS256_SIGNATURE)))
  end)

  it("is one like that of RFC 7515, A.3, with ES256", function()
    assert.is_true(signature.verify("ES256", ES256.public, ES256_INPUT, decode(ES256_SIGNATURE)))
    for _ = 1, 50 do
      local signed = signature.sign("ES256", core.secret.new(ES256.private), ES256_INPUT)
      assert.are.equal(64, #signed)
      assert.is_true(signature.verify("ES256", ES256.public, ES256_INPUT, signed))
    end
  end)

  it("is not genuine for other bytes, nor changed, nor of another length", function()
    for algorithm, case in pairs {
      RS256 = { RS256, RS256_INPUT, decode(RS256_SIGNATURE) },
      ES256 = { ES256, ES256_INPUT, decode(ES256_SIGNATURE) },
    } do
      local keys, input, genuine = table.unpack(case)
      local others = { "", genuine:sub(2), genuine .. "\0", ("\0"):rep(#genuine), flip(genuine, #genuine) }
      for _, other in ipairs(others) do
        assert.is_false(signature.verify(algorithm, keys.public, input, other))
      end
      assert.is_false(signature.verify(algorithm, keys.public, input .. " ", genuine))
    end
  end)

  it("takes no key of another kind, size or form", function()
    local folder = temporary.folder()
    finally(function()
      temporary.remove(folder)
    end)
    local function made(command)
      local path = folder .. "/key.pem"
      assert(os.execute(("env -u LD_PRELOAD openssl %s -out %s 2>/dev/null"):format(command, path)))
      return temporary.read(path)
    end
    local small, curve =
      made "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024",
      made "ecparam -name secp384r1 -genkey -noout"
    local locked = made "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes128 -pass pass:x"
    for _, case in ipairs {
      { "ES256", RS256.private },
      { "RS256", ES256.private },
      { "RS256", small },
      { "ES256", curve },
      { "ES256", locked },
      { "ES256", ES256.public },
      { "RS256", "" },
      { "RS256", "-----BEGIN PRIVATE KEY-----" },
    } do
      local signed, err = signature.sign(case[1], case[2], "text")
      assert.is_nil(signed)
      assert.are.equal("bad_key", err.code)
    end
    local is_valid, err = signature.verify("ES256", ES256.private, "text", ("\0"):rep(64))
    assert.are.same({ nil, "bad_key" }, { is_valid, err.code })
  end)

  it("raises where an argument is none", function()
    assert.has_error(function()
      signature.sign("HS256", "key", "text")
    end)
    assert.has_error(function()
      signature.sign("ES256", nil, "text")
    end)
    assert.has_error(function()
      signature.verify("ES256", ES256.public, "text")
    end)
  end)
end)
