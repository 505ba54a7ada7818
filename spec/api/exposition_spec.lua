-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local exposition = require "usher.api.exposition"
local prometheus = require "spec.support.prometheus"

local function family(changes)
  local made =
    { name = "a_total", type = "counter", help = "Some.", samples = { { labels = {}, value = 1 } } }
  for name, value in pairs(changes or {}) do
    made[name] = value
  end
  return made
end

describe("exposition", function()
  it("writes HELP and TYPE before a family's samples", function()
    local samples = { { labels = { "a", "x", "b", "y" }, value = 1 }, { labels = { "a", "z" }, value = 2.5 } }
    local text = exposition.write { family { samples = samples }, family { name = "g", type = "gauge" } }
    assert.are.equal(
      [[
# HELP a_total Some.
# TYPE a_total counter
a_total{a="x",b="y"} 1
a_total{a="z"} 2.5
# HELP g Some.
# TYPE g gauge
g 1
]],
      text
    )
  end)

  it("leaves out what has no samples", function()
    local text = exposition.write { family { samples = {} }, family { name = "b_total" } }
    assert.not_matches("a_total", text, 1, true)
  end)

  it("escapes", function()
    local samples = { { labels = { "l", 'a"b\\c\nd' }, value = 0 } }
    local text = exposition.write { family { help = "a\\b\nc", samples = samples } }
    assert.matches("# HELP a_total a\\\\b\\nc\n", text, 1, true)
    assert.matches('a_total{l="a\\"b\\\\c\\nd"} 0\n', text, 1, true)
    assert.are.equal('a"b\\c\nd', prometheus.parse(text).a_total.samples[1].labels.l)
  end)

  it("writes numbers whole", function()
    for value, expected in pairs {
      [1800000000] = "1800000000",
      [2 ^ 53] = "9007199254740992",
      [0.1] = "0.10000000000000001",
    } do
      assert.matches(
        "a_total " .. expected .. "\n",
        exposition.write { family { samples = { { labels = {}, value = value } } } },
        1,
        true
      )
    end
  end)
end)
