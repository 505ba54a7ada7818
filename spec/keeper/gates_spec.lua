-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local account = require "usher.keeper.account"
local gates = require "usher.keeper.gates"

local HOUR = 3600
local NOW = { wall = 1000 * HOUR, boot = 5000 }

local function gate(kind, changes)
  local settings = {
    provider = {},
    config = {},
    policy = { push_interval = 600, budgets = { exchange = 50, refresh = 500 } },
  }
  local subject = account.new("acme", settings, 0)
  for name, value in pairs(changes or {}) do
    subject[name] = value
  end
  local found = gates.of(subject, kind, NOW)
  return { found.delay, found.reason }
end

local function used(kind, count, hour)
  return {
    version = 0,
    epoch = 0,
    pushes = {},
    push_gaps = {},
    budgets = { [kind] = { [hour or 1000] = count } },
  }
end

describe("gate", function()
  it("is open at first", function()
    assert.are.same({ 0 }, gate "refresh")
  end)

  it("waits for the backoff", function()
    assert.are.same({ 7, "backoff" }, gate("refresh", { backoff_until = 5007 }))
    assert.are.same({ 0 }, gate("refresh", { backoff_until = 4999 }))
  end)

  it("waits for the platform's token, where the account is a tenant's", function()
    local platform = account.new("main", { provider = {}, config = {}, policy = {} }, 0)
    assert.are.same({ HOUR, "platform" }, gate("exchange", { parent = platform }))
    local token_set =
      { access_token = "a", token_type = "Bearer", issued_at = NOW.wall, expires_at = NOW.wall + 60 }
    local record = used("exchange", 0)
    record.version, record.token_set = 1, token_set
    platform:adopt(record, NOW)
    assert.are.same({ 0 }, gate("exchange", { parent = platform }))
    platform.is_disabled = true
    assert.are.same({ HOUR, "platform" }, gate("refresh", { parent = platform }))
  end)

  it("waits for a kind that the provider closed, and only for that", function()
    local closures = { exchange = { count = 0 }, refresh = { count = 1, till = 5300 } }
    assert.are.same({ 300, "closed" }, gate("refresh", { closures = closures }))
    assert.are.same({ 0 }, gate("exchange", { closures = closures }))
  end)

  it("waits for our own budget, keeping the reserve", function()
    assert.are.same({ 0 }, gate("refresh", { record = used("refresh", 449) }))
    assert.are.same({ 25 * HOUR, "budget" }, gate("refresh", { record = used("refresh", 450) }))
    assert.are.same({ HOUR, "budget" }, gate("refresh", { record = used("refresh", 450, 976) }))
  end)

  it("counts what the store could not be told", function()
    local changes = { record = used("refresh", 449), uncounted = { refresh = { [1000] = 1 } } }
    assert.are.equal("budget", gate("refresh", changes)[2])
  end)

  it("spaces what follows a failure once 30 % are used", function()
    local changes = { record = used("exchange", 15), last_attempts = { exchange = 4000 }, failures = 1 }
    assert.are.same({ 4000 + 2880 - 5000, "spacing" }, gate("exchange", changes))
    changes.failures = 0
    assert.are.same({ 0 }, gate("exchange", changes))
    changes.failures, changes.record = 1, used("exchange", 14)
    assert.are.same({ 0 }, gate("exchange", changes))
  end)

  it("paces what follows a success once 70 % are used", function()
    local changes = { record = used("refresh", 350), last_attempts = { refresh = 4900 } }
    assert.are.same({ 4900 + 192 - 5000, "spacing" }, gate("refresh", changes))
    changes.record = used("refresh", 349)
    assert.are.same({ 0 }, gate("refresh", changes))
  end)

  it("tries refused credentials every two minutes", function()
    local changes = { refused = 1, failures = 1, last_attempts = { exchange = 4990 } }
    assert.are.same({ 110, "refused" }, gate("exchange", changes))
    assert.are.same({ 0 }, gate("refresh", changes))
  end)

  it("gives refused credentials no more than 40 % of the day", function()
    local changes =
      { refused = 1, failures = 1, refused_in = { [1000] = 20 }, last_attempts = { exchange = 0 } }
    assert.are.same({ 25 * HOUR, "refused" }, gate("exchange", changes))
    changes.refused_in = { [1000] = 19 }
    assert.are.same({ 0 }, gate("exchange", changes))
  end)

  it("knows no budget where the policy has none", function()
    local subject = account.new("acme", { provider = {}, config = {}, policy = {} }, 0)
    subject.record = used("refresh", 10000)
    assert.are.equal(0, gates.of(subject, "refresh", NOW).delay)
  end)
end)
