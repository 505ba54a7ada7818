-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local budget = require "usher.model.budget"

local HOUR = 3600
local NOW = 1000 * HOUR + 1800

describe("budget", function()
  local used = {
    ["nothing"] = { nil, 0 },
    ["this hour"] = { { [1000] = 3 }, 3 },
    ["keys that JSON made strings"] = { { ["1000"] = 3, ["999"] = 1 }, 4 },
    ["the hour a day ago"] = { { [976] = 2 }, 2 },
    ["nothing older"] = { { [975] = 2 }, 0 },
    ["hours of a clock that ran ahead"] = { { [1500] = 2 }, 2 },
  }
  for name, case in pairs(used) do
    it("counts " .. name, function()
      assert.are.equal(case[2], budget.used(case[1], NOW))
    end)
  end

  local openings = {
    ["is open below the limit"] = { { [1000] = 4 }, 5, nil },
    ["opens when the oldest hour is a day old"] = { { [990] = 1, [1000] = 4 }, 5, (990 + 25) * HOUR },
    ["opens when enough hours are a day old"] = { { [990] = 1, [995] = 3, [1000] = 4 }, 5, (995 + 25) * HOUR },
    ["opens within a day even where the clock ran ahead"] = { { [9000] = 5 }, 5, 1025 * HOUR },
    ["never opens in less than a day where nothing is allowed"] = { {}, 0, 1025 * HOUR },
  }
  for name, case in pairs(openings) do
    it(name, function()
      assert.are.equal(case[3], budget.opens_at(case[1], case[2], NOW))
    end)
  end

  it("is open again at the second it names", function()
    local buckets = { [990] = 1, [1000] = 4 }
    local opens_at = budget.opens_at(buckets, 5, NOW)
    assert.truthy(budget.opens_at(buckets, 5, opens_at - 1))
    assert.is_nil(budget.opens_at(buckets, 5, opens_at))
  end)

  it("keeps a tenth for a forced refresh", function()
    assert.are.same({ 5, 50, 0 }, { budget.reserve(50), budget.reserve(500), budget.reserve(9) })
  end)

  it("spaces failing attempts once 30 % are used", function()
    assert.is_nil(budget.spacing(50, 14))
    assert.are.equal(24 * HOUR / 30, budget.spacing(50, 15))
    assert.are.equal(24 * HOUR / 300, budget.spacing(500, 150))
  end)

  it("lets a failing day never pass limit and reserve", function()
    local limit, spent = 50, 15
    for _ = 1, 24 * HOUR // budget.spacing(limit, spent) do
      spent = spent + 1
    end
    assert.is_true(spent <= limit - budget.reserve(limit))
  end)

  it("paces what succeeds once 70 % are used, at what a day can bear", function()
    assert.is_nil(budget.pace(500, 349))
    assert.are.equal(24 * HOUR / 450, budget.pace(500, 350))
  end)

  it("adds, takes back, and drops what is old", function()
    local buckets = budget.add({ ["975"] = 9, ["976"] = 1 }, NOW, 1)
    assert.are.same({ [976] = 1, [1000] = 1 }, buckets)
    assert.are.same({ [976] = 1, [1000] = 0 }, budget.add(buckets, NOW, -1))
    assert.are.same({ [1000] = 0 }, budget.add(nil, NOW, -1))
  end)

  it("adds two counts up", function()
    assert.are.same({ [999] = 4, [1000] = 3 }, budget.sum({ ["1000"] = 1, [999] = 4 }, { [1000] = 2 }))
    assert.are.same({}, budget.sum(nil, nil))
  end)

  it("moves what a clock that ran ahead has counted to the present hour", function()
    local buckets, is_changed = budget.redate({ [9000] = 2, ["1001"] = 1, [1000] = 1, [999] = 4 }, NOW)
    assert.are.same({ [1000] = 4, [999] = 4 }, buckets)
    assert.is_true(is_changed)
    assert.is_false(select(2, budget.redate({ [1000] = 1 }, NOW)))
  end)
end)
