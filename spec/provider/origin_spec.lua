-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local memories_ai = require "usher.provider.memories_ai"
local origin = require "usher.provider.origin"
local temporary = require "spec.support.temporary"

local folder

local function load(text)
  temporary.write(folder .. "/toy.lua", text)
  return origin.load(folder .. "/toy.lua")
end

describe("a provider script in a file", function()
  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  it("is what the file returns", function()
    assert.are.same({ name = "toy" }, load 'return { name = "toy" }')
  end)

  for expected, text in pairs {
    ["toy.lua:1: .*expected"] = "return {",
    ["toy.lua:2: boom"] = "\nerror 'boom'",
    ["toy.lua: returns a number; a provider script returns a table"] = "return 5",
    ["toy.lua: returns a nil; a provider script returns a table"] = "",
  } do
    it("is refused: " .. expected, function()
      local loaded, message = pcall(load, text)
      assert.is_false(loaded)
      assert.matches("^" .. folder:gsub("%W", "%%%0") .. "/" .. expected, message)
    end)
  end

  it("has places: of a word, or of what it returns", function()
    local script = load '-- classify\nlocal toy = {}\ntoy.classify = "x"\nreturn toy\n'
    assert.are.equal(folder .. "/toy.lua:3", origin.place(script, "classify"))
    assert.are.equal(folder .. "/toy.lua:4", origin.place(script))
    assert.are.equal(folder .. "/toy.lua:4", origin.place(script, "refresh"))
    assert.are.equal(folder .. "/toy.lua", origin.place(load "do return {} end"))
  end)
end)

describe("the place of a script", function()
  it("is told by its functions where nobody loaded a file", function()
    assert.matches("memories_ai.lua:%d+$", origin.place { exchange = memories_ai.exchange })
    assert.is_nil(origin.place { name = "toy" })
    assert.is_nil(origin.place(5))
  end)
end)
