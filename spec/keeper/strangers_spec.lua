-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local strangers = require "usher.keeper.strangers"
local tenant_rig = require "spec.support.tenant_rig"

describe("tenants that have never had a token", function()
  local rig, parent

  before_each(function()
    rig = tenant_rig.new "lark"
    parent = rig.keeper.accounts.main
    rig:push()
    rig:advance(1)
  end)

  after_each(function()
    rig:stop()
  end)

  local function ask(count)
    local refused = 0
    for number = 1, count do
      local name = "made-up-" .. number
      local box = rig:run(rig.keeper.tenant_token, rig.keeper, "main", name, { wait = 0 })
      refused = refused + (box.err.message:find "too many" and 1 or 0)
    end
    return refused
  end

  it("are asked for a few times, rest, and are forgotten", function()
    rig:token "made-up"
    rig:advance(300)
    assert.are.equal(5, rig:count "derive")
    local _, err = rig:token("made-up", { wait = 0 })
    assert.are.equal("temporarily_unavailable", err.code)
    assert.is_true(err.retry_after > 60)
    rig:advance(120)
    assert.are.equal(5, rig:count "derive")
    assert.is_truthy(parent.tenants["made-up"])
    rig:advance(600)
    assert.are.equal(5, rig:count "derive")
    assert.are.same({}, parent.tenants)
  end)

  it("leave nothing on disk, not a row", function()
    rig:token "made-up"
    rig:advance(700)
    local names = rig:run(rig.store.changes, rig.store, 0).value
    assert.are.same({ "main" }, names)
  end)

  it("are a hundred at once, and no more are asked for", function()
    assert.are.equal(20, ask(120))
    rig:advance(300)
    assert.are.equal(500, rig:count "derive")
    assert.are.equal(20, ask(120))
    assert.is_truthy(rig:run(rig.keeper.token, rig.keeper, "main").value)
    rig:advance(600)
    assert.are.equal(0, ask(80))
  end)

  it("take nobody's place once they have one", function()
    assert.is_truthy(rig:token "tenant-1")
    assert.are.equal(0, ask(100))
    assert.is_truthy(rig:token "tenant-1")
  end)

  it("are served as soon as the platform knows them", function()
    rig.is_cut = true
    rig:run(rig.keeper.tenant_token, rig.keeper, "main", "tenant-1", { wait = 0 })
    rig:advance(10)
    rig.is_cut = false
    rig:advance(16) -- the longest backoff that one of the attempts before leads to
    assert.is_truthy(rig:token("tenant-1", { wait = 0 }))
    assert.is_false(strangers.is_hopeless(parent.tenants["tenant-1"]))
  end)

  it("have a forced attempt while they rest, and stay if it brings a token", function()
    rig.is_cut = true
    rig:run(rig.keeper.tenant_token, rig.keeper, "main", "tenant-1", { wait = 0 })
    rig:advance(300)
    assert.is_truthy(parent.tenants["tenant-1"].rests_until)
    rig.is_cut = false
    rig:run(rig.keeper.tenant_refresh, rig.keeper, "main", "tenant-1")
    rig:advance(1000)
    assert.is_truthy(rig:token("tenant-1", { wait = 0 }))
    assert.are.same({ "main", "main/tenant-1" }, rig:stored())
  end)

  it("hold up no end of the keeper while they rest", function()
    rig:token "made-up"
    rig:advance(300)
    local stopped = rig:run(rig.keeper.stop, rig.keeper)
    assert.is_true(stopped.is_done)
  end)
end)
