-- SPDX-License-Identifier: MIT
-- Measures usher and a named peer in turns, in one run, so that what else the machine does weighs on both. Shows the
-- medians and their ratio; says nothing of good or bad.

local side_by_side = {}

local function median(values)
  local sorted = table.move(values, 1, #values, 1, {})
  table.sort(sorted)
  local middle = #sorted // 2
  return #sorted % 2 == 1 and sorted[middle + 1] or (sorted[middle] + sorted[middle + 1]) / 2
end

local function medians_of(samples, units)
  local medians = {}
  for index in ipairs(units) do
    local values = {}
    for round, sample in ipairs(samples) do
      values[round] = sample[index]
    end
    medians[index] = median(values)
  end
  return medians
end

local function show(name, figures, units)
  local words = {}
  for index, unit in ipairs(units) do
    words[index] = ("%.2f %s"):format(figures[index], unit)
  end
  print(("  %-8s %s"):format(name, table.concat(words, ", ")))
end

---@class usher.bench.Options
---@field title string
---@field units string[] of what each measurement gives
---@field rounds integer
---@field peer string its name
---@field usher fun(): number[]
---@field of_peer fun(): number[]

--- Runs the rounds and prints what came of them.
---@param options usher.bench.Options
function side_by_side.run(options)
  local samples = { usher = {}, peer = {} }
  for round = 1, options.rounds do
    samples.usher[round] = options.usher()
    samples.peer[round] = options.of_peer()
  end
  local ours, theirs = medians_of(samples.usher, options.units), medians_of(samples.peer, options.units)
  print(("%s, median of %d rounds in turns"):format(options.title, options.rounds))
  show("usher", ours, options.units)
  show(options.peer, theirs, options.units)
  for index, unit in ipairs(options.units) do
    print(("  ratio    %.2f (usher's %s to %s's)"):format(ours[index] / theirs[index], unit, options.peer))
  end
end

return side_by_side
