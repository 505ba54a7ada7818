-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local refresh_policy = require "usher.keeper.refresh_policy"

describe("refresh policy: margin", function()
  local margins = {
    -- policy, life, interval, margin
    { "two and a half push intervals", {}, 7200, 600, 1500 },
    { "a quarter of a short life", {}, 12, 600, 3 },
    { "a quarter of the life where nobody pushes", {}, 7200, nil, 1800 },
    { "what is configured", { margin = 1200 }, 7200, 600, 1200 },
    { "at most half of the life", { margin = 1200 }, 12, 600, 6 },
  }
  for _, case in ipairs(margins) do
    it("is " .. case[1], function()
      assert.are.equal(case[5], refresh_policy.margin(case[2], case[3], case[4]))
    end)
  end
end)

describe("refresh policy: due time", function()
  it("lies in the first eighth of the margin", function()
    assert.are.equal(5700, refresh_policy.due_in(7200, 1500, 0))
    assert.are.equal(5700 + 750 / 8, refresh_policy.due_in(7200, 1500, 0.5))
  end)

  it("is overdue below zero", function()
    assert.are.equal(-600, refresh_policy.due_in(900, 1500, 0))
  end)

  it("spreads accounts and versions evenly, always alike for one", function()
    local sum = 0
    for version = 1, 1000 do
      local spread = refresh_policy.spread("acme", version)
      assert.are.equal(spread, refresh_policy.spread("acme", version))
      assert.is_true(spread >= 0 and spread < 1)
      sum = sum + spread
    end
    assert.is_true(sum > 450 and sum < 550)
    assert.are_not.equal(refresh_policy.spread("acme", 1), refresh_policy.spread("acme1", 1))
  end)

  it("wants a new pair in the last fifth of the refresh token's life", function()
    assert.are.equal(0, refresh_policy.pair_due_in(200, 1000))
    assert.are.equal(300, refresh_policy.pair_due_in(500, 1000))
  end)

  it("takes a token for young in the first tenth of its life", function()
    assert.is_true(refresh_policy.is_young(719, 7200))
    assert.is_false(refresh_policy.is_young(720, 7200))
  end)
end)

describe("refresh policy: transfer time-out", function()
  for margin, seconds in pairs { [3] = 2, [30] = 10, [60] = 20, [1500] = 20 } do
    it(("is %d s for a margin of %d s"):format(seconds, margin), function()
      assert.are.equal(seconds, refresh_policy.timeout(margin))
    end)
  end
end)

describe("refresh policy: waits", function()
  for failures, longest in pairs { [0] = 2, [1] = 4, [5] = 64, [8] = 512, [9] = 600, [1000] = 600 } do
    it(("backs off up to %d s after %d failures"):format(longest, failures), function()
      assert.are.equal(longest / 2, refresh_policy.backoff(failures, 0))
      assert.are.equal(longest * 0.75, refresh_policy.backoff(failures, 0.5))
    end)
  end

  local closures = {
    { nil, 0, 300 },
    { 10, 0, 300 },
    { 1000, 0, 1000 },
    { nil, 1, 600 },
    { nil, 3, 2400 },
    { nil, 4, 3600 },
    { nil, 1000, 3600 },
  }
  for _, case in ipairs(closures) do
    it(("closes for %d s the time after %d, asked for %s"):format(case[3], case[2], case[1]), function()
      assert.are.equal(case[3], refresh_policy.closure(case[1], case[2]))
    end)
  end

  it("spaces refused credentials by two minutes, less where pushes come faster", function()
    assert.are.same({ 120, 120, 0.4 }, {
      refresh_policy.refused_spacing(600),
      refresh_policy.refused_spacing(nil),
      refresh_policy.refused_spacing(2),
    })
  end)
end)

describe("refresh policy: push interval", function()
  local cases = {
    { "is what the policy says", { push_interval = 600 }, { 5, 5, 5, 5 }, 600 },
    { "is unknown at first", {}, {}, nil },
    { "is unknown with too few gaps", {}, { 600, 600 }, nil },
    { "is learnt as the median", {}, { 600, 610, 7200 }, 610 },
    { "is the mean of the two in the middle", {}, { 1, 600, 602, 9000 }, 601 },
    { "counts only the last eight", {}, { 1, 1, 1, 1, 1, 600, 600, 600, 600, 600, 600, 600, 600 }, 600 },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      assert.are.equal(case[4], refresh_policy.push_interval(case[2], case[3]))
    end)
  end

  it("misses a push after one and a half of it", function()
    assert.are.equal(900, refresh_policy.missed_after(600))
    assert.are.same({ earliest = 540, latest = 1500 }, refresh_policy.successor(600))
  end)
end)
