-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local parameters = require "usher.api.parameters"

local READERS = { after = parameters.account_name, limit = parameters.integer(1, 20) }

local function assert_refused(message, values, err)
  assert.is_nil(values)
  assert.are.equal("bad_request: " .. message, tostring(err))
end

describe("api parameters", function()
  it("reads what is given", function()
    assert.are.same({}, parameters.read("", READERS))
    assert.are.same({ after = "a.b-c_1" }, parameters.read("after=a.b-c_1", READERS))
    assert.are.same({ after = "x", limit = 20 }, parameters.read("limit=20&after=%78", READERS))
  end)

  for query, message in pairs {
    ["page=1"] = "unknown parameter",
    ["limit=21"] = "limit: not a whole number from 1 to 20",
    ["limit=0"] = "limit: not a whole number from 1 to 20",
    ["limit=+1"] = "limit: not a whole number from 1 to 20",
    ["limit=00000000001"] = "limit: not a whole number from 1 to 20",
    ["after=%20"] = "after: not an account name",
    ["limit="] = "parameter limit is empty",
    ["limit=1&limit=1"] = "parameter limit is repeated",
  } do
    it(("refuses %q"):format(query), function()
      assert_refused(message, parameters.read(query, READERS))
    end)
  end

  local MEMBERS = { token = parameters.MEMBERS.text, port = parameters.MEMBERS.port }

  it("reads a body", function()
    assert.are.same({}, parameters.read_body("", MEMBERS))
    assert.are.same({}, parameters.read_body("{}", MEMBERS))
    local values = parameters.read_body('{"token":"at","port":65535}', MEMBERS)
    assert.are.same({ token = "at", port = 65535 }, values)
  end)

  for body, message in pairs {
    ["at"] = "the body is not a JSON object",
    ["1"] = "the body is not a JSON object",
    ['["at"]'] = "the body is not a JSON object",
    ["[]"] = "the body is not a JSON object",
    ['{"token":null}'] = "token: not a text",
    ['{"secret":"at"}'] = "the body has an unknown member",
    ['{"token":true}'] = "token: not a text",
    ['{"token":""}'] = "token: not a text",
    ['{"port":0}'] = "port: not a whole number from 1 to 65535",
    ['{"port":65536}'] = "port: not a whole number from 1 to 65535",
    ['{"port":1.5}'] = "port: not a whole number from 1 to 65535",
    ['{"port":"80"}'] = "port: not a whole number from 1 to 65535",
  } do
    it(("refuses %s"):format(body), function()
      assert_refused(message, parameters.read_body(body, MEMBERS))
    end)
  end
end)
