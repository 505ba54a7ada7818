-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local one_account = require "spec.support.one_account"
local repetition = require "usher.keeper.repetition"

-- Seconds until the account asks again, where its token "a" of so long a life left is answered with this one.
local function wait(left, name, policy)
  local here = one_account.new { policy = policy or { repeats_token = true } }
  here:hold(here:tokens("a", 7200))
  here.clock:advance(7200 - left)
  return repetition.wait(here.account, { access_token = name }, here.keeper:now())
end

describe("repetition", function()
  it("asks again after a quarter of what is left, and at the end", function()
    assert.are.equal(1000, wait(4000, "a"))
    assert.are.equal(20, wait(80, "a"))
    assert.are.equal(60.25, wait(60, "a"))
    assert.are.equal(10.25, wait(10, "a"))
    assert.are.equal(0.25, wait(0, "a"))
  end)

  it("believes a provider that insists for a minute", function()
    assert.are.equal(0.25, wait(-59, "a"))
    assert.is_nil(wait(-60, "a"))
  end)

  it("leaves other tokens and other providers alone", function()
    assert.is_nil(wait(4000, "b"))
    assert.is_nil(wait(4000, "a", {}))
    local here = one_account.new { policy = { repeats_token = true } }
    assert.is_nil(repetition.wait(here.account, { access_token = "a" }, here.keeper:now()))
  end)
end)
