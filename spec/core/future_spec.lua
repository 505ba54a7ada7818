-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"

describe("future", function()
  it("gives plain code its values while the loop is idle", function()
    local future = core.future.new()
    core.timer.start(1, function()
      future:resolve(1, nil, 3)
    end)
    assert.are.same({ 1, nil, 3 }, { future:wait() })
  end)

  it("wakes every task that waits, in order, with the same values", function()
    local future, seen = core.future.new(), {}
    for i = 1, 3 do
      core.loop:spawn(function()
        seen[i] = i .. future:wait()
      end)
    end
    core.loop:spawn(function()
      future:resolve "!"
    end)
    core.loop:run()
    assert.are.same({ "1!", "2!", "3!" }, seen)
  end)

  it("keeps its first values", function()
    local future = core.future.new()
    future:resolve "first"
    future:resolve "second"
    assert.are.equal("first", future:wait())
  end)

  it("passes its values on to a chained future", function()
    local future, follower = core.future.new(), core.future.new()
    future:chain(follower)
    future:resolve(7, 8)
    assert.are.same({ 7, 8 }, { follower:wait() })
  end)

  it("refuses to wait for what cannot come", function()
    assert.has_error(function()
      core.future.new():wait()
    end, "cannot wait: nothing is left that could end the wait")
  end)

  it("refuses to wait in a coroutine that usher did not start", function()
    local ok, message = coroutine.resume(coroutine.create(function()
      core.future.new():wait()
    end))
    assert.is_false(ok)
    assert.matches("this coroutine was not started by usher", message, 1, true)
  end)

  it("resolves a chain of any length, and its branches", function()
    local first = core.future.new()
    local last, branches = first, {}
    for index = 1, 100000 do
      local follower = core.future.new()
      last:chain(follower)
      if index % 10000 == 0 then
        local branch, leaf = core.future.new(), core.future.new()
        last:chain(branch)
        branch:chain(leaf)
        table.insert(branches, leaf)
      end
      last = follower
    end
    first:resolve("far", nil)
    assert.are.same({ n = 2, "far", nil }, table.pack(last:wait()))
    for _, leaf in ipairs(branches) do
      assert.are.equal("far", leaf:wait())
    end
  end)

  it("resolves a ring of chained futures", function()
    local a, b = core.future.new(), core.future.new()
    a:chain(b)
    b:chain(a)
    a:resolve(1)
    assert.are.equal(1, b:wait())
  end)

  it("leaves a follower that has its values already", function()
    local future, follower, last = core.future.new(), core.future.new(), core.future.new()
    future:chain(follower)
    future:chain(last)
    follower:resolve "own"
    future:resolve "late"
    assert.are.equal("own", follower:wait())
    assert.are.equal("late", last:wait())
  end)

  it("wakes tasks and followers alike", function()
    local future, follower, seen = core.future.new(), core.future.new(), {}
    core.loop:spawn(function()
      seen[1] = future:wait()
    end)
    core.loop:step()
    future:chain(follower)
    core.loop:spawn(function()
      seen[2] = follower:wait()
    end)
    core.loop:spawn(function()
      seen[3] = future:wait()
    end)
    core.loop:step()
    future:resolve "all"
    core.loop:run()
    assert.are.same({ "all", "all", "all" }, seen)
  end)
end)
