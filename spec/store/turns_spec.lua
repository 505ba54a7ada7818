-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local turns = require "usher.store.turns"

describe("turns", function()
  local subject, seen

  before_each(function()
    subject, seen = turns.new(), {}
  end)

  -- A task that takes a turn, and holds it until `leave` is resolved.
  local function visit(name, label, leave)
    return core.loop:spawn(function()
      local place <close> = subject:enter(name)
      place:await()
      table.insert(seen, label)
      if leave then
        leave:wait()
      end
    end)
  end

  local function settle()
    for _ = 1, 10 do
      core.loop:step()
    end
  end

  it("come in the order of entering, one at a time", function()
    local leave = core.future.new()
    visit("acme", 1, leave)
    visit("acme", 2)
    visit("acme", 3)
    settle()
    assert.are.same({ 1 }, seen)
    leave:resolve()
    settle()
    assert.are.same({ 1, 2, 3 }, seen)
  end)

  it("of one name wait for no other", function()
    local leave = core.future.new()
    visit("acme", 1, leave)
    visit("bolt", 2)
    settle()
    assert.are.same({ 1, 2 }, seen)
    leave:resolve()
    settle()
  end)

  it("go on where somebody stops waiting, having been called or not, or goes in the middle", function()
    local leave, called = core.future.new(), core.future.new()
    visit("acme", 1, leave)
    local second, third, fourth = visit("acme", 2), visit("acme", 3), visit("acme", 4, called)
    visit("acme", 5)
    settle()
    third:close()
    leave:resolve()
    second:close()
    settle()
    assert.are.same({ 1, 4 }, seen)
    fourth:close()
    settle()
    assert.are.same({ 1, 4, 5 }, seen)
  end)

  it("are there at once again after all have gone", function()
    do
      local place <close> = subject:enter "acme"
      place:await()
    end
    local place <close> = subject:enter "acme"
    place:await()
    assert.are.same({ acme = { place } }, subject._lines)
  end)
end)
