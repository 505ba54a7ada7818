-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local temporary = require "spec.support.temporary"
local secret = core.secret

describe("secret", function()
  it("holds any bytes and reveals them when asked", function()
    for _, bytes in ipairs { "", "key", "a\0b\xff" } do
      local held <close> = secret.new(bytes)
      assert.are.equal(bytes, held:reveal())
      assert.are.equal(#bytes, #held)
    end
  end)

  it("shows itself to nobody", function()
    local held <close> = secret.new "sk-123"
    assert.are.equal("secret(...)", tostring(held))
    assert.are.equal("secret(...)", ("%s"):format(held))
    assert.has_error(function()
      return "key: " .. held
    end)
    assert.is_nil(held.bytes)
    assert.are.equal("protected", getmetatable(held))
  end)

  it("reveals nothing once closed, and may be closed twice", function()
    local held = secret.new "sk-123"
    held:close()
    held:close()
    assert.are.equal("secret(closed)", tostring(held))
    for _, use in ipairs {
      function()
        return held:reveal()
      end,
      function()
        return #held
      end,
      function()
        return secret.equal(held, "")
      end,
      function()
        return core.digest.hmac_sha256(held, "")
      end,
    } do
      local ok, message = pcall(use)
      assert.is_false(ok)
      assert.matches("the secret is closed", message, 1, true)
    end
  end)

  it("takes nothing but a string", function()
    for _, value in ipairs { 1, true, {}, secret.new "x" } do
      assert.has_error(function()
        secret.new(value)
      end)
    end
    assert.has_error(secret.new)
  end)
end)

describe("secret.equal", function()
  it("compares secrets and strings by their bytes", function()
    local a <close> = secret.new "same\0a"
    local b <close> = secret.new "same\0a"
    local other <close> = secret.new "same\0b"
    assert.is_true(secret.equal(a, b))
    assert.is_true(secret.equal(a, "same\0a"))
    assert.is_true(secret.equal("same\0a", a))
    assert.is_true(secret.equal("", ""))
    assert.is_true(secret.equal(secret.new "", ""))
    assert.is_false(secret.equal(a, other))
    assert.is_false(secret.equal(a, "same"))
    assert.is_false(secret.equal("", a))
  end)

  it("notices each single bit", function()
    local bytes = ("\x5a"):rep(40)
    for index = 1, #bytes do
      for bit = 0, 7 do
        local changed = bytes:sub(1, index - 1) .. string.char(0x5a ~ (1 << bit)) .. bytes:sub(index + 1)
        assert.is_false(secret.equal(bytes, changed))
      end
    end
  end)

  it("raises on another type", function()
    for _, value in ipairs { 1, true, {}, core.future.new() } do
      local ok, message = pcall(secret.equal, "1", value)
      assert.is_false(ok)
      assert.matches("secret or string expected", message, 1, true)
    end
  end)
end)

describe("secret.from_file", function()
  local folder

  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  it("holds all of a file", function()
    for _, bytes in ipairs { "", "a\0b\xff\r\n", ("0123456789"):rep(5000) } do
      temporary.write(folder .. "/key", bytes)
      local held <close> = secret.from_file(folder .. "/key", 50000)
      assert.are.equal(bytes, held:reveal())
    end
  end)

  it("refuses what a file's reader refuses", function()
    temporary.write(folder .. "/key", "s3cret")
    local held, err = secret.from_file(folder .. "/key", 5)
    assert.is_nil(held)
    assert.are.equal("limit", err.code)
    assert.are.equal(6, #secret.from_file(folder .. "/key", 6))
    held, err = secret.from_file(folder, 5)
    assert.is_nil(held)
    assert.are.same({ "not_a_file", folder .. ": not a regular file" }, { err.code, err.message })
  end)

  it("raises on what cannot be a name or a size", function()
    assert.has_error(function()
      secret.from_file("a\0b", 10)
    end)
    for _, size in ipairs { -1, (1 << 20) + 1, "much" } do
      assert.has_error(function()
        secret.from_file(folder, size)
      end)
    end
  end)
end)

describe("secret.from_base64", function()
  it("decodes secrets and strings", function()
    for _, bytes in ipairs { "", "a\0b\xff", ("k"):rep(32) } do
      local text = core.encoding.base64_encode(bytes)
      assert.are.equal(bytes, secret.from_base64(text):reveal())
      assert.are.equal(bytes, secret.from_base64(secret.new(text)):reveal())
    end
  end)

  it("is strict", function()
    for _, text in ipairs { "a", "aGk", "aGk=\n", "aGk=aGk=", "YWJ_" } do
      local held, err = secret.from_base64(text)
      assert.is_nil(held)
      assert.are.equal("bad_encoding", err.code)
    end
  end)

  it("raises on another type and on a closed secret", function()
    local closed = secret.new "aGk="
    closed:close()
    for _, value in ipairs { 1, {}, closed } do
      assert.has_error(function()
        secret.from_base64(value)
      end)
    end
    assert.has_error(secret.from_base64)
  end)
end)

describe("a secret without its newline", function()
  it("lost one at its end", function()
    for text, expected in pairs {
      [""] = "",
      ["\n"] = "",
      ["\r\n"] = "",
      ["\r"] = "\r",
      ["key"] = "key",
      ["key\n"] = "key",
      ["key\r\n"] = "key",
      ["key\n\n"] = "key\n",
      ["\nkey"] = "\nkey",
    } do
      assert.are.equal(expected, secret.new(text):without_newline():reveal())
    end
  end)
end)

describe("secret.from_environment", function()
  it("gives nil for a variable that is not set", function()
    assert.is_nil(secret.from_environment "USHER_SPEC_NOT_SET")
  end)

  it("takes the value out of the environment", function()
    local output = child.run(
      [[
        local core = require "usher.core"
        local function environment()
          local file <close> = assert(io.open("/proc/self/environ", "rb"))
          return file:read "a"
        end
        print(environment():find("sk-take-me", 1, true) ~= nil)
        local held = core.secret.from_environment "USHER_SPEC_KEY"
        print(held:reveal())
        print(environment():find("sk-take-me", 1, true) ~= nil)
        print(os.getenv "USHER_SPEC_KEY", core.secret.from_environment "USHER_SPEC_KEY")
        print(os.getenv "USHER_SPEC_KEY_2")
      ]],
      { environment = { USHER_SPEC_KEY = "sk-take-me", USHER_SPEC_KEY_2 = "left alone" } }
    )
    assert.are.equal("true\nsk-take-me\nfalse\nnil\tnil\nleft alone\n", output)
  end)

  it("takes an empty value for what it is", function()
    local output = child.run(
      [[print(#require("usher.core").secret.from_environment "USHER_SPEC_KEY")]],
      { environment = { USHER_SPEC_KEY = "" } }
    )
    assert.are.equal("0\n", output)
  end)

  it("raises on what cannot be a name", function()
    for _, name in ipairs { "", "A=B", "A\0B" } do
      assert.has_error(function()
        secret.from_environment(name)
      end, "bad argument #1 to 'from_environment' (not the name of a variable)")
    end
  end)
end)
