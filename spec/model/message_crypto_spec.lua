-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local message_crypto = require "usher.model.message_crypto"
local vectors = require "spec.support.vectors"

local A_KEY = ("A"):rep(43)

-- Published by WeChat on its page about message pushes.
local VECTOR_A = {
  timestamp = "1715943329",
  nonce = "1590219412",
  signature = "6c12a4205838198b8fa631b3220723bb07f1015c",
  encrypt = "D7yzvUNAL930rd28wf21s4hvXhz0L6Uit/p2Di6C5DHyYGpEgdBRnKjBec34JwoQXicwaZC7fOVihW80F4VtsdvE//1vr7oAbqjD"
    .. "v8KenVp+ajKYpJnyQ4zMRhIC+a31fCVOMC03FfzV/QuC94kBP55a+Za3sJgvAn+ZbsNqZI5DkyuzkhQN8OBqCzFhizGmy0xpM0ME"
    .. "A4agpvE+RuNO1rhHTtuJB5yltw1FiYzecSXJ+y/D2r81VkRn2eYjh2ltsoyfbDR7Is6ookXIFxTfyeNyeHxMeT4KN5WpCDmSbTcU"
    .. "YrbBUlkGLJ9n/rU8YOywma6G7aTb7KZKOqCxgfoUlYEZPk4FUL/TK7ShriFDMVCLyjQJ15Ob++agDWtcxhfUfe6HIoIpRW8mKNBQ"
    .. "iY/Jd1svvuskA1wLef1RTtzKfMpagSCX/laZINmdnX4zrF6kIaR9P4xQrWXbsTFHTYe0Mg==",
}

-- DingTalk's reply, made for these specs.
local VECTOR_B = {
  timestamp = "1700000000000",
  nonce = "nonce-demo",
  signature = "dc609fefbcdd27ee7a479cbea48638249b28540a",
  encrypt = "uMMzGtqcnpOzXOYBwDQNreOj9JiiIYEhT4/ut0pKnDCsIi4vk1dhRzXkfOPPmWEopqqb+VxI68zV/ZUc4jGtNg==",
}
local B_KEYS = { token = "usher-demo-token", aes_key = A_KEY }

local C_KEY = "usher-demo-encrypt-key"
local C_ENCRYPT = "AAECAwQFBgcICQoLDA0OD2IFwEwA8Yum6niWdi/PBnAU/Fsrq/fN3ZagxUxTNnw24ZFs6SIKFgtZaIeQ5cf9tcjdDbBN3aqEdZXa"
  .. "xNJV2QACfzobodzNXDu2T7pIthR//j8cD6mR0AMIp9NKOO02wy8oYCAtglUFrxhCdrsULfjLUjE6w+k1CefiFZ8+Mmz2ZsQl2ONNMaBSvNPG5hOe"
  .. "pNbbgkOUxQ/8Qj7j+zodFS4="

local function copy(message, changes)
  local changed = {}
  for name, value in pairs(message) do
    changed[name] = value
  end
  for name, value in pairs(changes) do
    changed[name] = value
  end
  return changed
end

-- What a stranger sees of a refusal.
local function refusal(...)
  local text, err = message_crypto.open(...)
  assert.is_nil(text)
  return err.code .. ": " .. err.message
end

describe("message_crypto", function()
  it("opens what WeChat has published", function()
    local text, receiver = message_crypto.open(
      { token = "AAAAA", aes_key = A_KEY },
      VECTOR_A,
      { "wx134c8103faa5a59e" },
      1715943329
    )
    assert.are.equal(292, #text)
    assert.matches("^<xml><ToUserName><!%[CDATA%[gh_97417a04a28d%]%]>", text)
    assert.are.equal("wx134c8103faa5a59e", receiver)
    assert.are.equal(
      "cc0c594499c1634947d5b502f158ee518947db27",
      message_crypto.signature { "AAAAA", "1715943329", "1590219412" }
    )
  end)

  it("seals and opens DingTalk's reply", function()
    local stamp = { timestamp = "1700000000000", nonce = "nonce-demo", random = "0123456789abcdef" }
    assert.are.same(VECTOR_B, message_crypto.seal(B_KEYS, "success", "suitedemo0001", stamp))
    assert.are.equal("success", (message_crypto.open(B_KEYS, VECTOR_B, { "suitedemo0001" }, 1700000000)))
  end)

  it("takes its keys from secrets", function()
    local keys = { token = core.secret.new "usher-demo-token", aes_key = core.secret.new(A_KEY) }
    assert.are.equal("success", (message_crypto.open(keys, VECTOR_B, { "suitedemo0001" }, 1700000000)))
  end)

  it("opens and seals what Lark sends", function()
    local text = message_crypto.lark_decrypt(C_KEY, C_ENCRYPT)
    assert.are.equal(
      '{"ts":"1700000000.0","uuid":"u-1","token":"vt-demo","type":"event_callback","event":{"app_id":"cli_demo",'
        .. '"app_ticket":"tk-demo-1","type":"app_ticket"}}',
      text
    )
    local iv = core.encoding.hex_decode "000102030405060708090a0b0c0d0e0f"
    assert.are.equal(C_ENCRYPT, message_crypto.lark_encrypt(C_KEY, text, iv))
    assert.are.equal(
      "c5b3924699d6c505ecb369b7447e06b5e56cbdcc82f5009e6867579c6c7effe9",
      message_crypto.lark_signature(
        core.secret.new(C_KEY),
        "1700000000",
        "nonce-demo",
        ('{"encrypt":"%s"}'):format(C_ENCRYPT)
      )
    )
  end)

  it("opens every text that Lark may send, and nothing that is cut, changed or no ciphertext", function()
    for length = 0, 33 do
      local text = ("x"):rep(length)
      local encrypted = message_crypto.lark_encrypt(C_KEY, text, ("i"):rep(16))
      assert.are.equal(text, message_crypto.lark_decrypt(C_KEY, encrypted))
    end
    for _, encrypted in ipairs { "", "!!!!", C_ENCRYPT:sub(1, 24), C_ENCRYPT:sub(1, -9), C_ENCRYPT .. "A" } do
      assert.is_nil(message_crypto.lark_decrypt(C_KEY, encrypted))
    end
    assert.is_nil(message_crypto.lark_decrypt("another key", C_ENCRYPT))
  end)

  it("takes a key of 43 characters, whatever its stray bits", function()
    local key = message_crypto.key(("A"):rep(42) .. "E")
    for _, last in ipairs { "F", "G", "H" } do
      assert.are.equal(key, message_crypto.key(("A"):rep(42) .. last))
    end
    assert.are.equal(32, #key)
    for _, text in ipairs { "", ("A"):rep(42), ("A"):rep(44), ("A"):rep(42) .. "=", ("!"):rep(43) } do
      assert.is_nil(message_crypto.key(text))
    end
  end)

  it("knows fresh messages by both clocks' units", function()
    local now = 1700000000
    for _, timestamp in ipairs { "1700000000", "1699999400", "1700000600", "1700000000000", "1700000600000" } do
      assert.is_true(message_crypto.is_fresh(timestamp, now), timestamp)
    end
    for _, timestamp in ipairs {
      "1699999399",
      "1700000601",
      "1700000601000",
      "",
      "now",
      "-1700000000",
      "1.7e9",
      " 1700000000",
      ("1"):rep(400),
    } do
      assert.is_false(message_crypto.is_fresh(timestamp, now), timestamp)
    end
  end)

  it("refuses everything alike", function()
    local receivers, now = { "suitedemo0001" }, 1700000000
    local function sealed(text, receiver)
      local stamp = { timestamp = "1700000000", nonce = "n", random = ("r"):rep(16) }
      return message_crypto.seal(B_KEYS, text, receiver, stamp)
    end
    local function signed(encrypt)
      local texts = { "usher-demo-token", "1700000000", "n", encrypt }
      return {
        timestamp = "1700000000",
        nonce = "n",
        encrypt = encrypt,
        signature = message_crypto.signature(texts),
      }
    end
    local encoded = core.encoding.base64_encode
    local expected = refusal(B_KEYS, VECTOR_B, receivers, now + 601)
    assert.matches("^forbidden", expected)
    for _, message in ipairs {
      copy(VECTOR_B, { signature = VECTOR_B.signature:gsub("^d", "e") }),
      copy(VECTOR_B, { signature = VECTOR_B.signature:upper() }),
      copy(VECTOR_B, { signature = "" }),
      copy(VECTOR_B, { signature = VECTOR_B.signature .. "\0x" }),
      copy(VECTOR_B, { nonce = "another" }),
      sealed("success", "suitedemo0002"),
      sealed("success", ""),
      signed(encoded(("x"):rep(32))),
      signed(encoded(("x"):rep(31))),
      signed "!!!!",
      signed "",
      signed(("A"):rep(64 * 1024 + 4)),
    } do
      assert.are.equal(expected, refusal(B_KEYS, message, receivers, now))
    end
  end)

  it("takes no padding but that of its block, and no length beyond the text", function()
    local key = message_crypto.key(A_KEY)
    local function decrypt(head, pad)
      local plain = head .. string.char(pad):rep(pad)
      local encrypted = assert(core.cbc.encrypt(key, key:sub(1, 16), plain))
      return message_crypto.decrypt(A_KEY, core.encoding.base64_encode(encrypted))
    end
    local random = ("r"):rep(16)
    local function head(length, rest)
      return random .. string.pack(">I4", length) .. rest
    end
    assert.are.same({ "text", "id" }, { decrypt(head(4, "textid"), 6) })
    assert.are.same({ "text", "" }, { decrypt(head(4, "text"), 8) })
    assert.are.same({ "", "" }, { decrypt(head(0, ""), 12) })
    assert.is_nil(decrypt(head(4, "text1234"), 36))
    assert.is_nil(decrypt(head(5, "text"), 8))
    assert.is_nil(decrypt(head(0xffffffff, "text"), 8))
    assert.is_nil(decrypt(random, 32))
  end)

  it("decrypts nothing that is not signed", function()
    local decrypt = core.cbc.decrypt
    finally(function()
      core.cbc.decrypt = decrypt
    end)
    core.cbc.decrypt = function()
      error "decrypted"
    end
    refusal(B_KEYS, copy(VECTOR_B, { signature = ("0"):rep(40) }), { "suitedemo0001" }, 1700000000)
    assert.has_error(function()
      message_crypto.open(B_KEYS, VECTOR_B, { "suitedemo0001" }, 1700000000)
    end, "decrypted")
  end)

  local function check_signed(case)
    local keys = { token = case.token, aes_key = case.encodingAESKey }
    local message = {
      timestamp = case.timestamp,
      nonce = case.nonce,
      encrypt = case.encrypt,
      signature = case.msg_signature,
    }
    local text = message_crypto.open(keys, message, { case.receiver }, tonumber(case.timestamp))
    assert.are.equal(case.expect == "accept" and case.plain or nil, text, case.id)
  end

  vectors.it(
    it,
    "agrees with public samples and refuses the negatives",
    "callback_crypto.json",
    function(suite)
      local counts = { accept = 0, reject = 0 }
      for _, case in ipairs(suite.cases) do
        if case.parts then
          assert.are.equal(case.sig, message_crypto.signature(case.parts), case.id)
        elseif case.encrypt_key then
          assert.are.equal(case.plain, message_crypto.lark_decrypt(case.encrypt_key, case.encrypt), case.id)
        elseif case.token then
          check_signed(case)
        else
          local text, receiver = message_crypto.decrypt(case.encodingAESKey, case.encrypt)
          assert.are.same({ case.plain, case.receiver }, { text, receiver }, case.id)
        end
        counts[case.expect] = counts[case.expect] + 1
      end
      assert.are.same({ accept = 6, reject = 12 }, counts)
    end
  )
end)
