-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local query = require "usher.model.query"

local function request(fields)
  local whole = { method = "GET", path = "/callback", query = "", headers = {}, body = "" }
  for name, value in pairs(fields) do
    whole[name] = value
  end
  return whole
end

describe("query", function()
  local spellings = {
    { "code=abc", "abc" },
    { "x=1&code=abc&y=2", "abc" },
    { "&&code=abc&", "abc" },
    { "%63ode=abc", "abc" },
    { "code=a+b", "a+b" },
    { "code=a%2Bb", "a+b" },
    { "code=a%2bb%3D%3d", "a+b==" },
    { "code=a/b+c==", "a/b+c==" },
    { "code=a%20b", "a b" },
    { "code=%C3%A9", "é" },
    { "empty=&flag&code=abc", "abc" },
  }
  for _, case in ipairs(spellings) do
    it("reads " .. case[1], function()
      assert.are.equal(case[2], assert(query.parse(case[1])):get "code")
    end)
  end

  local unreadable = {
    ["a bad percent-encoding"] = "code=%zz",
    ["a cut percent-encoding"] = "code=a%4",
    ["a bad percent-encoding in another parameter"] = "code=abc&x=%",
    ["NUL"] = "code=a%00b",
    ["a line break"] = "code=a%0Ab",
    ["DEL"] = "code=%7f",
    ["a raw control character"] = "code=a\1",
    ["bytes that are not UTF-8"] = "code=%ff",
    ["a parameter without a name"] = "=abc",
    ["too many parameters"] = ("a=1&"):rep(65),
  }
  for name, text in pairs(unreadable) do
    it("refuses " .. name, function()
      local parsed, err = query.parse(text)
      assert.is_nil(parsed)
      assert.are.equal("bad_request", err.code)
    end)
  end

  local unusable = {
    { "", "parameter code is missing" },
    { "Code=abc", "parameter code is missing" },
    { "code=", "parameter code is empty" },
    { "code", "parameter code is empty" },
    { "code=a&code=b", "parameter code is repeated" },
    { "code=a&code=a", "parameter code is repeated" },
    { "code=&code=a", "parameter code is repeated" },
    { "code=a&code=a&code=a", "parameter code is repeated" },
  }
  for _, case in ipairs(unusable) do
    it(("says of %q: %s"):format(case[1], case[2]), function()
      local value, err = assert(query.parse(case[1])):get "code"
      assert.is_nil(value)
      assert.are.same({ "bad_request", case[2] }, { err.code, err.message })
    end)
  end

  it("names all parameters, each once", function()
    assert.are.same({ "a", "b" }, query.parse("b=1&a=2&b=3"):names())
  end)

  it("takes a form-encoded body as parameters too", function()
    local parsed = query.of_request(request {
      method = "POST",
      query = "state=s",
      headers = { ["content-type"] = "application/x-www-form-urlencoded; charset=utf-8" },
      body = "code=a%2Bb",
    })
    assert.are.same({ "s", "a+b" }, { parsed:get "state", parsed:get "code" })
  end)

  it("sees a repetition across URL and body", function()
    local parsed = query.of_request(request {
      method = "POST",
      query = "code=a",
      headers = { ["content-type"] = "application/x-www-form-urlencoded" },
      body = "code=b",
    })
    assert.are.equal("parameter code is repeated", select(2, parsed:get "code").message)
  end)

  it("leaves another body alone", function()
    local parsed = query.of_request(
      request { method = "POST", headers = { ["content-type"] = "text/plain" }, body = "code=a" }
    )
    assert.are.equal("parameter code is missing", select(2, parsed:get "code").message)
  end)
end)
