-- SPDX-License-Identifier: MIT
-- Run by build/spec/allocation_host: performs one scenario again and again, with the first allocation failing, then
-- one further on, until it needs no more. Each time the scenario may fail, but it must end, leave nothing open and no
-- block of the core's behind, and work again afterwards. Arguments: a folder of its own; the scenario; whose
-- allocations; how many fail one after the other; the steps from one position to the next; the first position.
local folder, name, whose, count, stride, first = ...
local allocation = require "allocation"
local core = require "usher.core"

local WHOSE = { lua = 1, core = 2, uv = 4, curl = 8, sqlite = 16, openssl = 32 }
-- Until every cache and every list that only grows has its size.
local WARM_UPS = 3
local PATIENCE_SECONDS = 5

---@class spec.allocation.Scenario
---@field perform fun() raises where it does not come to its end
---@field close? fun() for what stands from one performance to the next; where there is such, what each leaves behind
---is not looked at
local scenario = require("spec.allocation." .. name)(folder)
local errors = {}

core.loop:on_error(function(message)
  errors[#errors + 1] = message
end)

local function drive(task)
  while task:status() ~= "ended" do
    core.loop:step()
  end
end

local function perform()
  local task = core.loop:spawn(scenario.perform)
  drive(task)
  return task
end

local function expect(condition, position, ...)
  if not condition then
    io.stderr:write(("%s, allocation %d: "):format(name, position), table.concat({ ... }, " "), "\n")
    io.stderr:write(table.concat(errors, "\n"), "\n")
    os.exit(1)
  end
end

local function is_quiet()
  return #core.loop:handles() == 0 and core.loop:tasks() == 0
end

local function expect_nothing_left(position, live)
  local deadline = core.clock.boot() + PATIENCE_SECONDS
  repeat
    collectgarbage()
    core.loop:step()
  until is_quiet() and allocation.live() == live or core.clock.boot() > deadline
  expect(
    is_quiet(),
    position,
    "left open:",
    core.loop:tasks(),
    "tasks,",
    table.concat(core.loop:handles(), ", ")
  )
  expect(allocation.live() == live, position, "blocks of the core:", allocation.live() - live)
end

local function succeed(position)
  errors = {}
  perform()
  expect(#errors == 0, position, "does not work any more")
end

local function bits(text)
  local sum = 0
  for word in text:gmatch "%a+" do
    sum = sum | WHOSE[word]
  end
  return sum
end

local set, run_length = bits(whose), math.tointeger(count)

local function attempt(position, live)
  errors = {}
  allocation.arm(set, position, run_length)
  local is_performed, task = pcall(core.loop.spawn, core.loop, scenario.perform)
  if is_performed then
    pcall(drive, task)
  end
  local has_failed = allocation.disarm()
  if is_performed then
    drive(task)
  end
  if live then
    expect_nothing_left(position, live)
  end
  return has_failed
end

for _ = 1, WARM_UPS do
  succeed(0)
end
local live
if not scenario.close then
  expect(is_quiet() or collectgarbage(), 0)
  core.loop:run()
  live = allocation.live()
end
local position = math.tointeger(first or 1)
while attempt(position, live) do
  succeed(position)
  position = position + math.tointeger(stride)
end
if scenario.close then
  scenario.close()
end
print(position)
