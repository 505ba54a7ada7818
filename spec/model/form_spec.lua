-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local form = require "usher.model.form"

describe("form", function()
  it("writes fields in the order of their names, encoded", function()
    local fields = { scope = "read write", client_id = "a&b=c", code = "ü+/" }
    assert.are.equal("client_id=a%26b%3Dc&code=%C3%BC%2B%2F&scope=read%20write", form.encode(fields))
  end)

  it("writes a name for each value of a list", function()
    assert.are.equal("resource=a&resource=b", form.encode { resource = { "a", "b" } })
    assert.are.equal("", form.encode { resource = {} })
    assert.are.equal("", form.encode {})
  end)
end)
