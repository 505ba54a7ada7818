-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local grants = require "usher.simulator.grants"

local function new()
  local count = 0
  return grants.new {
    client_id = "client",
    lifetimes = { access = 100, refresh = 1000 },
    new_text = function()
      count = count + 1
      return "text-" .. count
    end,
  }
end

local function reason_of(...)
  assert.is_nil((...))
  return select(2, ...)
end

describe("grants", function()
  it("redeem a code once", function()
    local subject = new()
    local code = subject:issue_code()
    assert.are.same({ access = "text-2", refresh = "text-3" }, subject:redeem("client", code, 0))
    assert.are.equal("used_code", reason_of(subject:redeem("client", code, 0)))
  end)

  it("end a code when the next one is issued", function()
    local subject = new()
    local first, second = subject:issue_code(), subject:issue_code()
    assert.are.equal("expired_code", reason_of(subject:redeem("client", first, 0)))
    assert.is_truthy(subject:redeem("client", second, 0))
    assert.are.equal(second, subject:current_code())
  end)

  it("remember that an expired code was used", function()
    local subject = new()
    local code = subject:issue_code()
    subject:redeem("client", code, 0)
    subject:issue_code()
    assert.are.equal("used_code", reason_of(subject:redeem("client", code, 0)))
  end)

  it("refuse a code of another client and leave it unspent", function()
    local subject = new()
    local code = subject:issue_code()
    assert.are.equal("wrong_client", reason_of(subject:redeem("other", code, 0)))
    assert.is_truthy(subject:redeem("client", code, 0))
  end)

  it("refuse a code that was never issued", function()
    assert.are.equal("unknown_code", reason_of(new():redeem("client", "text-1", 0)))
  end)

  it("end tokens with their lifetime", function()
    local subject = new()
    local pair = subject:redeem("client", subject:issue_code(), 50)
    assert.is_true(subject:check("access", pair.access, 149))
    assert.are.equal("expired_token", reason_of(subject:check("access", pair.access, 150)))
    assert.is_string(subject:refresh(pair.refresh, 1049).access)
    assert.are.equal("expired_token", reason_of(subject:refresh(pair.refresh, 1050)))
  end)

  it("keep the kinds of tokens apart", function()
    local subject = new()
    local pair = subject:redeem("client", subject:issue_code(), 0)
    assert.are.equal("unknown_token", reason_of(subject:check("access", pair.refresh, 0)))
    assert.are.equal("unknown_token", reason_of(subject:refresh(pair.access, 0)))
  end)

  it("revoke what was issued, not what comes after", function()
    local subject = new()
    local pair = subject:redeem("client", subject:issue_code(), 0)
    assert.are.equal(1, subject:revoke "refresh")
    assert.are.equal(0, subject:revoke "refresh")
    assert.are.equal("revoked_token", reason_of(subject:refresh(pair.refresh, 0)))
    assert.is_true(subject:check("access", pair.access, 0))
    local second = subject:redeem("client", subject:issue_code(), 0)
    assert.is_string(subject:refresh(second.refresh, 0).access)
    assert.are.equal(1, subject:live("refresh", 0))
    assert.are.equal(3, subject:live("access", 0))
  end)

  it("rotate a refresh token where told: the old one dies", function()
    local subject = new()
    local first = subject:redeem("client", subject:issue_code(), 0)
    assert.is_nil(subject:refresh(first.refresh, 0).refresh)
    local second = subject:refresh(first.refresh, 500, true)
    assert.are.equal("rotated_token", reason_of(subject:refresh(first.refresh, 500)))
    assert.is_true(subject:check("refresh", second.refresh, 1499))
    assert.are.equal("expired_token", reason_of(subject:check("refresh", second.refresh, 1500)))
  end)
end)
