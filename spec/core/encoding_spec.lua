-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local encoding = core.encoding

-- RFC 4648 section 10, with the rows of its base64 and base16 tables side by side.
local rfc4648 = {
  { "", "", "" },
  { "f", "Zg==", "66" },
  { "fo", "Zm8=", "666f" },
  { "foo", "Zm9v", "666f6f" },
  { "foob", "Zm9vYg==", "666f6f62" },
  { "fooba", "Zm9vYmE=", "666f6f6261" },
  { "foobar", "Zm9vYmFy", "666f6f626172" },
}

local every_byte = {}
for byte = 0, 255 do
  every_byte[byte + 1] = string.char(byte)
end
every_byte = table.concat(every_byte)

local function refuses(decode, text, why)
  local bytes, err = decode(text)
  assert.is_nil(bytes, why)
  assert.are.equal("bad_encoding", err.code, why)
end

local function returns_every_length(name)
  for length = 0, #every_byte do
    local bytes = every_byte:sub(#every_byte - length + 1)
    local text = encoding[name .. "_encode"](bytes)
    assert.are.equal(bytes, (encoding[name .. "_decode"](text)))
  end
end

describe("hex", function()
  it("encodes the vectors of RFC 4648 in lower case", function()
    for _, row in ipairs(rfc4648) do
      assert.are.equal(row[3], encoding.hex_encode(row[1]))
    end
  end)

  it("decodes either case", function()
    assert.are.equal("\xab\xcd\xef\x09", (encoding.hex_decode "aBCDef09"))
  end)

  it("returns every byte at every length", function()
    returns_every_length "hex"
  end)

  it("refuses an odd length and every other character", function()
    refuses(encoding.hex_decode, "abc", "odd length")
    local digits = {
      ["/"] = "before 0",
      [":"] = "after 9",
      ["@"] = "before A",
      ["G"] = "after F",
      ["`"] = "before a",
      ["g"] = "after f",
      ["\0"] = "NUL",
      [" "] = "space",
      ["\xff"] = "high byte",
    }
    for digit, why in pairs(digits) do
      refuses(encoding.hex_decode, "0" .. digit, why)
      refuses(encoding.hex_decode, digit .. "0", why)
    end
  end)
end)

describe("base64", function()
  -- Besides RFC 4648's own alphabet rules: section 3.5 for the trailing bits.
  local bad = {
    { "Zg=", "short padding" },
    { "Zg", "no padding" },
    { "Zh==", "non-zero trailing bits in a tail of one byte" },
    { "Zm9=", "non-zero trailing bits in a tail of two bytes" },
    { "Zm9v\n", "newline" },
    { "Zm9vZm9\n", "newline instead of the last character" },
    { "Zm 9v", "space inside" },
    { " Zm9v", "space in front" },
    { "Zm9v=", "padding after a whole group" },
    { "Z===", "a tail of no byte" },
    { "====", "only padding" },
    { "==", "only a tail's padding" },
    { "Zg==Zm8=", "more after padding" },
    { "Zm=v", "padding inside" },
    { "Zm9-", "the other alphabet's 62" },
    { "Zm9_", "the other alphabet's 63" },
    { "Zm9\0", "NUL" },
    { "Zm9\xc3", "high byte" },
  }

  it("encodes and decodes the vectors of RFC 4648", function()
    for _, row in ipairs(rfc4648) do
      assert.are.equal(row[2], encoding.base64_encode(row[1]))
      assert.are.equal(row[1], (encoding.base64_decode(row[2])))
    end
  end)

  it("uses + and /", function()
    assert.are.equal("+/+/", encoding.base64_encode "\xfb\xff\xbf")
    assert.are.equal("\xfb\xff\xbf", (encoding.base64_decode "+/+/"))
  end)

  it("returns every byte at every length", function()
    returns_every_length "base64"
  end)

  it("refuses all but the one text of a value", function()
    for _, row in ipairs(bad) do
      refuses(encoding.base64_decode, row[1], row[2])
    end
  end)
end)

describe("base64url", function()
  it("is base64 with - and _ and without padding", function()
    for _, row in ipairs(rfc4648) do
      local text = row[2]:gsub("=", "")
      assert.are.equal(text, encoding.base64url_encode(row[1]))
      assert.are.equal(row[1], (encoding.base64url_decode(text)))
    end
    assert.are.equal("-_-_", encoding.base64url_encode "\xfb\xff\xbf")
    assert.are.equal("\xfb\xff\xbf", (encoding.base64url_decode "-_-_"))
  end)

  it("returns every byte at every length", function()
    returns_every_length "base64url"
  end)

  it("refuses padding, the other alphabet, impossible lengths and trailing bits", function()
    for _, text in ipairs { "Zg==", "Zm8=", "+_-_", "-/-_", "Z", "Zm9vZ", "Zh", "Zm9", "Zm9v\n", "Zm 9" } do
      refuses(encoding.base64url_decode, text, text)
    end
  end)
end)

describe("percent", function()
  local unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

  it("leaves RFC 3986's unreserved characters and nothing else", function()
    assert.are.equal(unreserved, encoding.percent_encode(unreserved))
    for byte = 0, 255 do
      local char = string.char(byte)
      if not unreserved:find(char, 1, true) then
        assert.are.equal(("%%%02X"):format(byte), encoding.percent_encode(char))
      end
    end
  end)

  it("decodes either case and leaves + and the rest as they are", function()
    assert.are.equal("a+b /?\xff\0", (encoding.percent_decode "a+b%20/%3f%fF%00"))
  end)

  it("returns every byte at every length", function()
    returns_every_length "percent"
  end)

  it("refuses a % without two hex digits", function()
    for _, text in ipairs { "%", "%4", "a%", "a%4", "%4g", "%g4", "%%41", "%u0041", "% 41", "%-1" } do
      refuses(encoding.percent_decode, text, text)
    end
  end)

  it("decodes once", function()
    assert.are.equal("%41", (encoding.percent_decode "%2541"))
  end)
end)

describe("encoding", function()
  it("takes large strings", function()
    local bytes = every_byte:rep(4096)
    for _, name in ipairs { "hex", "base64", "base64url", "percent" } do
      assert.is_true(bytes == encoding[name .. "_decode"](encoding[name .. "_encode"](bytes)))
    end
  end)

  it("raises on what is no string", function()
    for name, call in pairs(encoding) do
      assert.has_error(function()
        call {}
      end, nil, name)
    end
  end)
end)
