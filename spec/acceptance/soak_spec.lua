-- SPDX-License-Identifier: MIT
-- Steady load leaves no trace: descriptors and memory stay where they are, and no request fails. `./dev soak SECONDS`
-- shows the figures as time passes; under `./dev torture` this is an hour.

require "spec.support.paths"
local soak = require "spec.support.soak"
local torture = require "spec.support.torture"

local SECONDS = torture.rounds(6, 3600)
local RATE = torture.rounds(150, 500)
local SAMPLES = 12
local LINGERING = 3 -- connections that are about to close when a sample is taken
local SLACK_KIB = torture.rounds(4096, 2048)

-- The largest of a field in the samples from `first` to `last`.
local function largest(samples, field, first, last)
  local value = 0
  for index = first, last do
    value = math.max(value, samples[index][field])
  end
  return value
end

describe("a gateway under steady load", function()
  it("keeps descriptors and memory flat, and answers every request", function()
    local done = soak.run {
      seconds = SECONDS,
      rate = RATE,
      sample_every = SECONDS / SAMPLES,
      on_sample = function() end,
    }
    local samples, count = done.samples, #done.samples
    assert.are.same({ SECONDS * RATE, 0 }, { done.requests, done.failures })
    assert.is_true(done.tokens >= 1 and done.refreshes <= SECONDS // 8 + 1)
    local half = count // 2
    local before = largest(samples, "descriptors", 1, half)
    assert.is_true(largest(samples, "descriptors", half + 1, count) <= before + LINGERING)
    assert.is_true(done.last.descriptors <= samples[1].descriptors)
    if not os.getenv "USHER_SANITIZED" then
      local grown = largest(samples, "rss_kib", half + 1, count) - largest(samples, "rss_kib", 1, half)
      assert.is_true(grown <= SLACK_KIB, ("%d KiB more"):format(grown))
    end
  end)
end)
