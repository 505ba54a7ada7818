-- SPDX-License-Identifier: MIT
local json = require "usher.json"
local line = require "usher.log.line"

local function logfmt(value)
  return (line.logfmt({ "value" }, { value = value }):gsub("^value=", ""):gsub("\n$", ""))
end

local CASES = {
  { "plain", "plain" },
  { "unix:/run/usher.sock", "unix:/run/usher.sock" },
  { "", '""' },
  { "two words", '"two words"' },
  { "a=b", '"a=b"' },
  { 'say "hi"', '"say \\"hi\\""' },
  { "back\\slash", '"back\\\\slash"' },
  { "one\ntwo\r\n", '"one\\ntwo\\r\\n"' },
  { "tab\tnul\0esc\27[31m", '"tab\\tnul\\x00esc\\x1b[31m"' },
  { "del\127", '"del\\x7f"' },
  { "grüße", '"grüße"' },
  { "bad \xff\xfe", '"bad \\xff\\xfe"' },
  { "csi \u{9b}31m", '"csi \\u009b31m"' },
  { "line\u{2028}turn\u{202e}isolate\u{2066}", '"line\\u2028turn\\u202eisolate\\u2066"' },
  { 3600, "3600" },
  { true, "true" },
}

describe("line.logfmt", function()
  it("writes fields in order on one line", function()
    assert.are.equal("b=1 a=x\n", line.logfmt({ "b", "a" }, { a = "x", b = 1 }))
  end)

  for _, case in ipairs(CASES) do
    it("writes " .. case[2], function()
      assert.are.equal(case[2], logfmt(case[1]))
    end)
  end

  it("lets no value forge a field or a line", function()
    local text = line.logfmt({ "value" }, { value = 'x level=error\ntime=0 event="forged"' })
    assert.are.equal(1, select(2, text:gsub("\n", "")))
    assert.are.equal('value="x level=error\\ntime=0 event=\\"forged\\""\n', text)
  end)

  it("shortens at a character", function()
    local text = logfmt("x" .. ("ü"):rep(2000))
    assert.is_truthy(utf8.len(text))
    assert.is_true(#text < 2060)
    assert.is_truthy(text:find '%.%.%."$')
  end)
end)

describe("line.json", function()
  it("writes one object on one line", function()
    local text = line.json({ "a", "b", "c" }, { a = "x\ny", b = 3600, c = false })
    assert.are.equal(1, select(2, text:gsub("\n", "")))
    assert.are.same({ a = "x\ny", b = 3600, c = false }, json.decode(text))
  end)

  it("writes what JSON cannot hold as text", function()
    local object = json.decode(line.json({ "a", "b" }, { a = "bad \xff", b = 1 / 0 }))
    assert.are.same({ a = "bad \\xff", b = "inf" }, object)
  end)
end)
