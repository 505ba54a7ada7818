-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local memory = require "usher.store.memory"

local PUSH = { subject = "s", credential = "secret credential", received_at = 1800000000 }

describe("the store in memory", function()
  it("shares nothing with another one", function()
    local one, other = memory.new {}, memory.new {}
    assert(one:open() and other:open())
    assert(one:offer("acme", PUSH))
    assert.are.same({}, other:names())
  end)

  it("gives out records that may be changed freely", function()
    local store = memory.new()
    assert(store:open())
    store:offer("acme", PUSH)
    local record = store:load "acme"
    record.pushes[1].credential = "changed"
    record.budgets.exchange[1] = 1
    assert.are.equal("secret credential", store:load("acme").pushes[1].credential)
    assert.is_nil(store:load("acme").budgets.exchange[1])
  end)

  it("sees sealed texts only", function()
    local engine = memory.engine()
    local store = require("usher.store.contract").new(
      engine,
      require("usher.model.sealer").new {
        key = ("k"):rep(32),
      }
    )
    assert(store:open())
    assert(store:offer("acme", PUSH))
    local rows = engine:read("acme").rows
    assert.are.equal(1, #rows)
    assert.matches("^1%.%x+%.[%w+/=]+$", rows[1].sealed)
  end)

  it("is opened with no option", function()
    local opened, err = memory.new({ path = "x" }):open()
    assert.is_nil(opened)
    assert.are.equal("bad_configuration: store.path is not a known key", tostring(err))
  end)
end)
