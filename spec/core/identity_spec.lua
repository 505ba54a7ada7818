-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local identity = core.identity

local function shell(command)
  local pipe <close> = assert(io.popen(command))
  return math.tointeger(pipe:read "n")
end

describe("identity", function()
  it("knows whose process this is", function()
    assert.are.equal(shell "id -u", identity.own())
  end)

  it("knows users and groups by their names", function()
    assert.are.equal(0, identity.user "root")
    assert.are.equal(0, identity.group "root")
    assert.are.equal(shell "id -u nobody", identity.user "nobody")
    assert.are.equal(shell "getent group tty | cut -d: -f3", identity.group "tty")
  end)

  it("knows nobody of another name", function()
    for _, find in ipairs { identity.user, identity.group } do
      local id, err = find "n0b0dy-of-that-name"
      assert.is_nil(id)
      assert.are.equal("not_found", err.code)
      for _, name in ipairs { false, "root\0more" } do
        assert.has_error(function()
          find(name)
        end)
      end
    end
  end)
end)
