-- SPDX-License-Identifier: MIT
local file = require "usher.config.file"
local temporary = require "spec.support.temporary"

local folder

local function load(text)
  temporary.write(folder .. "/usher.lua", text)
  return file.load(folder .. "/usher.lua")
end

describe("a configuration file", function()
  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  it("gives what it returns", function()
    assert.are.same({ a = 1 }, load "return { a = 1 }")
  end)

  for text, expected in pairs {
    ["return {"] = "usher.lua:1: .*expected",
    ["\nlocal x = nil\nreturn x.y"] = "usher.lua:3: attempt to index",
    ["error({})"] = "usher.lua: raised a table",
    [""] = "returns nothing; a configuration ends with: return usher.gateway",
    ["\27Lua"] = "attempt to load a binary chunk",
  } do
    it("is refused with place and reason: " .. expected, function()
      local value, err = load(text)
      assert.is_nil(value)
      assert.are.equal("bad_configuration", err.code)
      assert.matches(expected, err.message)
    end)
  end

  it("is refused where it is not there", function()
    local _, err = file.load(folder .. "/missing.lua")
    assert.matches("missing.lua", err.message)
  end)
end)
