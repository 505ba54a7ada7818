-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local access = require "usher.config.access"
local core = require "usher.core"

local function peer(uid, gid, groups)
  return { uid = uid, gid = gid, groups = groups or {} }
end

describe("access", function()
  it("turns names into numbers", function()
    local nobody = core.identity.user "nobody"
    assert.are.same(
      { users = { [0] = true, [nobody] = true, [4711] = true }, groups = { [0] = true, [5000] = true } },
      access.resolve { users = { "root", "nobody", 4711 }, groups = { "root", 5000 } }
    )
  end)

  it("tells which name nobody has", function()
    for member, word in pairs { users = "user", groups = "group" } do
      local resolved, reason, blamed = access.resolve { [member] = { "root", "n0b0dy" } }
      assert.is_nil(resolved)
      assert.are.same({ ('names "n0b0dy": no such %s'):format(word), member }, { reason, blamed })
    end
  end)

  it("refuses to name nobody", function()
    for _, allow in ipairs { {}, { users = {} }, { users = {}, groups = {} } } do
      local resolved, reason, blamed = access.resolve(allow)
      assert.is_nil(resolved)
      assert.matches("names nobody", reason)
      assert.is_nil(blamed)
    end
  end)

  it("permits users, their own group, and their supplementary ones", function()
    local resolved = access.resolve { users = { 10 }, groups = { 20 } }
    for _, case in ipairs {
      { true, peer(10, 1) },
      { true, peer(11, 20) },
      { true, peer(11, 1, { 19, 20 }) },
      { false, peer(11, 1, { 19, 21 }) },
      { false, peer(20, 10) },
      { false, peer(0, 0, { 0 }) },
      { false, nil },
    } do
      assert.are.equal(case[1], access.permits(resolved, case[2]))
    end
  end)
end)
