-- SPDX-License-Identifier: MIT
local core = require "usher.core"
local json = require "usher.json"
local mime = require "mime"
local paths = require "spec.support.paths"

local function nested(depth)
  return ("["):rep(depth) .. ("]"):rep(depth)
end

-- JSONTestSuite demands that these be refused; Debian's lua-cjson accepts them even in strict mode, and our
-- check of the text cannot see them. No field may depend on them. (The tenth, a NUL after the value, is refused.)
local ACCEPTED = {
  ["n_number_-2."] = true,
  ["n_number_0.e1"] = true,
  ["n_number_2.e+3"] = true,
  ["n_number_2.e-3"] = true,
  ["n_number_2.e3"] = true,
  ["n_number_neg_real_without_int_part"] = true,
  ["n_number_real_without_fractional_part"] = true,
  ["n_string_unescaped_newline"] = true,
  ["n_string_unescaped_tab"] = true,
}

describe("json.decode", function()
  it("keeps whole numbers integers", function()
    for text, value in pairs {
      ["3600"] = 3600,
      ["3600.0"] = 3600,
      ["1e2"] = 100,
      ["-0"] = 0,
      ["123456789012345"] = 123456789012345,
      ["9007199254740991"] = 9007199254740991,
    } do
      local decoded = json.decode(text)
      assert.are.equal(value, decoded)
      assert.are.equal("integer", math.type(decoded))
    end
    assert.are.equal("float", math.type(json.decode "1.5"))
  end)

  it("shows by the type that a larger number is not exact", function()
    assert.are.equal("float", math.type(json.decode "9007199254740993"))
  end)

  it("keeps null for who writes it again", function()
    local text = '{"a":{"b":null},"c":[null]}'
    local value = json.decode(text, { keeps_null = true })
    assert.are.equal(json.null, value.a.b)
    assert.are.same({ json.null }, value.c)
    assert.are.equal(json.null, json.decode("null", { keeps_null = true }))
  end)

  it("has null for what has no value, and for nothing else", function()
    assert.are.equal(json.null, json.or_null(nil))
    for _, value in ipairs { false, 0, "" } do
      assert.are.equal(value, json.or_null(value))
    end
  end)

  it("reads null as nil", function()
    local value, err = json.decode "null"
    assert.is_nil(value)
    assert.is_nil(err)
    assert.are.same({ a = { b = 1 } }, json.decode '{"a":{"b":1,"c":null},"d":null}')
    local list = json.decode '[null,"x"]'
    assert.are.equal("x", list[2])
    assert.is_nil(list[1])
  end)

  it("takes the last of a repeated key", function()
    assert.are.same({ a = 2 }, json.decode '{"a":1,"a":2}')
  end)

  it("refuses what is no JSON of ours with an error of the core's shape", function()
    for _, text in ipairs {
      "",
      "{",
      "NaN",
      "Infinity",
      "0x10",
      "1e400",
      '{"a":[-1e999]}',
      '"\xff"',
      '"\xed\xa0\x80"',
      '"\\ud800"',
      "[1]\0",
      '"\1"',
      "[1] 2",
      nested(33),
    } do
      local value, err = json.decode(text)
      assert.is_nil(value, text)
      assert.are.equal("bad_json", err.code)
      assert.are.equal(core.errors.bad_json.retryable, err.retryable)
      assert.are.equal("bad_json: " .. err.message, tostring(err))
    end
    assert.is_table(json.decode(nested(32)))
  end)

  it("quotes nothing of the text in its message", function()
    local _, err = json.decode '{"refresh_token":"s3cret"'
    assert.is_nil(err.message:find "s3cret")
  end)

  it("refuses a text over its limit", function()
    assert.is_table(json.decode("[1,2]", { max_bytes = 5 }))
    local _, err = json.decode("[1,23]", { max_bytes = 5 })
    assert.are.equal("larger than 5 bytes", err.message)
    assert.is_nil(json.decode('"' .. ("x"):rep(1024 * 1024) .. '"'))
  end)

  it("raises on another type than a string", function()
    assert.has_error(function()
      json.decode(17)
    end)
  end)

  it("judges JSONTestSuite as it demands", function()
    local file = io.open(paths.vectors .. "/jsontestsuite.json")
    if not file then
      return io.stderr:write "json_spec: no vectors here, JSONTestSuite skipped\n"
    end
    local suite = json.decode(file:read "a")
    file:close()
    assert.are.equal(318, #suite.cases)
    for _, case in ipairs(suite.cases) do
      local _, err = json.decode((mime.unb64(case.b64) or ""))
      if case.expect == "accept" then
        assert.is_nil(err, case.id)
      elseif case.expect == "reject" then
        assert.are.equal(ACCEPTED[case.id], err == nil or nil, case.id)
      end
    end
  end)
end)

describe("json.encode", function()
  it("keeps all digits of numbers", function()
    for text, value in pairs {
      ["3600"] = 3600,
      ["100"] = 100.0,
      ["123456789012345678"] = 123456789012345678,
      ["-9223372036854775808"] = math.mininteger,
      ["9223372036854775807"] = math.maxinteger,
      ["1.5"] = 1.5,
      ["0.1"] = 0.1,
      ["1721312312.1234567"] = 1721312312.1234567,
    } do
      assert.are.equal(text, json.encode(value))
    end
    assert.are.equal(1 / 3, json.decode(json.encode(1 / 3)))
  end)

  it("keeps arrays and objects apart", function()
    assert.are.equal("{}", json.encode {})
    assert.are.equal("[]", json.encode(json.array {}))
    assert.are.equal("[1,[],{}]", json.encode { 1, json.array {}, {} })
    assert.are.equal('["a"]', json.encode(json.array { "a" }))
    assert.are.equal('{"accounts":[]}', json.encode { accounts = json.array {} })
  end)

  it("writes null where told", function()
    assert.are.equal('{"token":null}', json.encode { token = json.null })
  end)

  it("lets no string pass for something else", function()
    local sly = { 'x"y', "[]", "\u{FF}[]", "\\", "\0\1\127" }
    assert.are.same(sly, json.decode(json.encode(sly)))
    sly = { json.array {}, "[]", '\\"[]\\"' }
    assert.are.equal("[]", json.decode(json.encode(sly))[2])
  end)

  it("leaves what it was given alone", function()
    local value = { list = json.array {}, number = 123456789012345678 }
    json.encode(value)
    assert.are.equal(0, #value.list)
    assert.are.equal(123456789012345678, value.number)
  end)

  it("raises on what has no JSON form", function()
    local endless = {}
    endless.again = endless
    for reason, value in pairs {
      ["not finite"] = 0 / 0,
      ["not finite "] = { -1 / 0 },
      ["not UTF%-8"] = "\xff",
      ["not UTF%-8 "] = { ["\xff"] = 1 },
      ["hole"] = { 1, nil, 3 },
      ["another key"] = { 1, a = 2 },
      ["must be a string"] = { [true] = 1 },
      ["function has no"] = { print },
      ["userdata has no"] = { io.stderr },
      ["deeper than 32"] = endless,
    } do
      local encoded, message = pcall(json.encode, value)
      assert.is_false(encoded)
      assert.is_truthy(message:find((reason:gsub(" $", ""))), message)
    end
  end)
end)
