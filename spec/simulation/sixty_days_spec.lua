-- SPDX-License-Identifier: MIT
-- Sixty days in seconds, whatever befalls: see spec/support/sixty_days.lua. `./dev test --seed N` with this file's name
-- lives through that seed alone and tells its figures.
require "spec.support.paths"
local core = require "usher.core"
local sixty_days = require "spec.support.sixty_days"
local torture = require "spec.support.torture"

local DAYS = 60
local SEEDS = torture.rounds(3, 100)
local REPEAT = "by seed %d (./dev test --seed %d spec/simulation/sixty_days_spec.lua)"

-- The ledger grows all the time, and nothing else does: collecting garbage seldom saves a third of the time.
local GARBAGE_PAUSE = 1000

local function live_through(seed)
  local began = os.clock()
  local days = sixty_days.new(seed):pass(DAYS)
  assert.are.same({}, days:complaints())
  assert.are.same({ 0, 0 }, { core.loop:tasks(), days.life.clock:armed() })
  return ("seed %d: %s, %.1f s\n"):format(seed, days:figures(), os.clock() - began)
end

describe("sixty days", function()
  local only = math.tointeger(tonumber(os.getenv "USHER_SEED"))
  collectgarbage("incremental", GARBAGE_PAUSE)

  for seed = only or 1, only or SEEDS do
    it(REPEAT:format(seed, seed), function()
      local figures = live_through(seed)
      if only or torture.is_long then
        io.stderr:write(figures)
      end
    end)
  end
end)
