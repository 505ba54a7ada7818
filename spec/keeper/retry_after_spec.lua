-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local retry_after = require "usher.keeper.retry_after"

local NOW = 1445412480 -- Wed, 21 Oct 2015 07:28:00 GMT

describe("Retry-After", function()
  local cases = {
    { "30", 30 },
    { "0", 1 },
    { "99999", 3600 },
    { "Wed, 21 Oct 2015 07:28:30 GMT", 30 },
    { "Wed, 21 Oct 2015 07:27:00 GMT", 1 },
    { "Thu, 22 Oct 2015 07:28:00 GMT", 3600 },
    { "Mon, 29 Feb 2016 00:00:00 GMT", 3600 },
    { "-5", nil },
    { "soon", nil },
    { "30.5", nil },
    { "", nil },
    { "Wed, 21 Foo 2015 07:28:30 GMT", nil },
    { "Wednesday, 21-Oct-15 07:28:30 GMT", nil },
  }
  for _, case in ipairs(cases) do
    it(("reads %q as %s"):format(case[1], case[2]), function()
      assert.are.equal(case[2], retry_after.read({ ["retry-after"] = case[1] }, NOW))
    end)
  end

  it("reads nothing where there is none", function()
    assert.is_nil(retry_after.read({}, NOW))
  end)

  it("knows the calendar", function()
    for _, case in ipairs {
      { "Thu, 01 Jan 1970 00:00:05 GMT", 0 },
      { "Tue, 29 Feb 2000 12:00:05 GMT", 951825600 },
      { "Fri, 31 Dec 2100 23:59:05 GMT", 4133980740 },
    } do
      assert.are.equal(5, retry_after.read({ ["retry-after"] = case[1] }, case[2]))
    end
  end)
end)
