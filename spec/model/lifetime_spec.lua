-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local lifetime = require "usher.model.lifetime"

local DAY = 24 * 3600

describe("lifetime", function()
  local pairs_of_lifetimes = {
    -- access, refresh, unit, seconds, seconds, notes
    { 7200, 5184000, nil, 7200, 5184000, {} },
    { "7200", "5184000", nil, 7200, 5184000, {} },
    { 7200000, 5184000000, nil, 7200, 5184000, { "lifetimes_in_milliseconds" } },
    { 7200000, nil, nil, 7200, nil, { "lifetimes_in_milliseconds" } },
    { 12000, 5184000000, nil, 12, 5184000, { "lifetimes_in_milliseconds" } },
    { 7200, 5184000000, "s", 7200, 400 * DAY, { "lifetime_clamped" } },
    { 7200000, nil, "s", 30 * DAY, nil, { "lifetime_clamped" } },
    { 12000, 60000, "ms", 12, 60, { "lifetimes_in_milliseconds" } },
    { 1e6, 1e9, nil, 1e6, 400 * DAY, { "lifetime_clamped" } },
    { 0.5, nil, nil, 1, nil, {} },
    { nil, nil, nil, nil, nil, {} },
  }
  for _, case in ipairs(pairs_of_lifetimes) do
    it(("reads %s and %s (%s)"):format(case[1], case[2], case[3] or "auto"), function()
      local read = assert(lifetime.read_pair(case[1], case[2], case[3]))
      assert.are.same({ access = case[4], refresh = case[5], notes = case[6] }, read)
    end)
  end

  local faults = { 0, -1, 1 / 0, 0 / 0, "", "soon", "0x10", "-5", "1e3", true, {} }
  for index, value in ipairs(faults) do
    it(("refuses odd value %d, %s"):format(index, type(value)), function()
      for _, pair in ipairs { { value, 60 }, { 60, value } } do
        local read, err = lifetime.read_pair(pair[1], pair[2])
        assert.is_nil(read)
        assert.are.equal("bad_response", err.code)
      end
    end)
  end
end)
