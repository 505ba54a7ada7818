-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local credentials = require "usher.keeper.credentials"

local NOW = 1000

local function push(sequence, subject, expires_at)
  return {
    sequence = sequence,
    subject = subject,
    credential = "c" .. sequence,
    received_at = 1,
    expires_at = expires_at,
  }
end

local function next_of(pushes, facts)
  local whole = { wall = NOW, superseded = {}, refusals = {} }
  for name, value in pairs(facts or {}) do
    whole[name] = value
  end
  local chosen = credentials.next(pushes, whole)
  return chosen and chosen.sequence
end

local function unknown_exchange(sequence, tries)
  return { journal = { kind = "exchange", entry = { sequence = sequence, tries = tries } } }
end

describe("credentials", function()
  local cases = {
    { "none where none came", nil, {} },
    { "the newest", 2, { push(1), push(2) } },
    { "the newest of the pinned subject", 1, { push(1, "me"), push(2, "other") }, { subject = "me" } },
    { "one that names no subject", 2, { push(1, "me"), push(2) }, { subject = "me" } },
    { "none of another subject", nil, { push(1, "other") }, { subject = "me" } },
    { "no expired one", 1, { push(1, "a", 2000), push(2, "b", NOW) } },
    {
      "none while its successor is due",
      nil,
      { push(1) },
      { successor = { earliest = 900, latest = 1500 } },
    },
    {
      "one whose successor is not due yet",
      1,
      { push(1) },
      { successor = { earliest = 1000, latest = 1500 } },
    },
    { "none that was given up", nil, { push(1) }, unknown_exchange(1, 2) },
    {
      "one that may be sent any number of times",
      1,
      { push(1) },
      { is_reusable = true, journal = unknown_exchange(1, 9).journal },
    },
    { "one whose successor stays away", 1, { push(1) }, { successor = { earliest = 500, latest = 900 } } },
    {
      "none but the newest, either",
      2,
      { push(1), push(2) },
      { successor = { earliest = 500, latest = 900 } },
    },
    {
      "one that says when it ends",
      1,
      { push(1, "a", 2000) },
      { successor = { earliest = 900, latest = 1500 } },
    },
    { "no superseded one", 1, { push(1), push(2) }, { superseded = { [2] = true } } },
    { "the newest once more after an unknown outcome", 2, { push(1), push(2) }, unknown_exchange(2, 1) },
    { "the one before it after two unknown outcomes", 1, { push(1), push(2) }, unknown_exchange(2, 2) },
    {
      "no older one that had an unknown outcome",
      nil,
      { push(1), push(2, "b", NOW) },
      unknown_exchange(1, 1),
    },
    {
      "the subject that was refused least, before one is pinned",
      1,
      { push(1, "genuine"), push(7, "forged") },
      { refusals = { forged = 3, genuine = 1 } },
    },
    {
      "the newer of equally refused ones",
      7,
      { push(1, "genuine"), push(7, "forged") },
      { refusals = { forged = 1, genuine = 1 } },
    },
  }
  for _, case in ipairs(cases) do
    it("gives " .. case[1], function()
      assert.are.equal(case[2], next_of(case[3], case[4]))
    end)
  end

  it("counts how often one was sent", function()
    local journal = unknown_exchange(2, 1).journal
    assert.are.same({ 1, 1, 2 }, {
      credentials.tries(push(2), nil),
      credentials.tries(push(3), journal),
      credentials.tries(push(2), journal),
    })
    assert.is_false(credentials.is_last_try(1))
    assert.is_true(credentials.is_last_try(2))
  end)
end)
