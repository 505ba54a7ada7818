-- SPDX-License-Identifier: MIT
local capture = require "spec.support.capture"
local core = require "usher.core"
local temporary = require "spec.support.temporary"

local usher = capture.usher

describe("usher keygen", function()
  local folder

  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  it("prints a key, another each time", function()
    local code, first = usher "keygen"
    local _, second = usher "keygen"
    assert.are.equal(0, code)
    assert.are.equal(32, #core.encoding.base64_decode((first:gsub("\n$", ""))))
    assert.are_not.equal(first, second)
  end)

  it("makes a file, 0600", function()
    local path = folder .. "/master.key"
    local code, out = usher("keygen", path)
    assert.are.equal(0, code)
    assert.are.equal("", out)
    assert.are.equal(384, core.file.status(path).mode & 4095)
    assert.are.equal(45, #temporary.read(path))
  end)

  it("never writes over a file", function()
    local path = folder .. "/precious"
    temporary.write(path, "precious")
    local code, out, err = usher("keygen", path)
    assert.are.equal(78, code)
    assert.are.equal("", out)
    assert.matches("already exists", err)
    assert.are.equal("precious", temporary.read(path))
  end)

  it("says where it cannot make one", function()
    local code, _, err = usher("keygen", folder .. "/missing/master.key")
    assert.are.equal(78, code)
    assert.matches("missing/master.key", err)
  end)
end)
