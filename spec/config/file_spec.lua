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
    ["error({})"] = "usher.lua:1: raised a table",
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

describe("a configuration file's mistake", function()
  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  for expected, text in pairs {
    ["usher.lua:2: boom"] = "\nerror('boom', 0)",
    ["usher.lua:3: usher.provider has no nope"] = "local usher = require 'usher'\n\nlocal p = usher.provider.nope",
    ["usher.lua:2: an account is made from a table"] = [[local usher = require "usher"
      local account = usher.provider.memories_ai "x"]],
    ["usher.lua:2: a bad thing"] = [[local thing = { __tostring = function() return "a bad thing" end }
      error(setmetatable({}, thing))]],
    ["usher.lua:1: assertion failed!"] = "assert(false)",
  } do
    it("is told where the file made it: " .. expected, function()
      local value, err = load(text)
      assert.is_nil(value)
      assert.are.equal(folder .. "/" .. expected, err.message)
    end)
  end

  it("is told with the whole path, however long", function()
    local deep = folder .. "/" .. ("d"):rep(100)
    os.execute(("mkdir '%s'"):format(deep))
    for _, text in ipairs { "return {", "error 'boom'" } do
      temporary.write(deep .. "/usher.lua", text)
      local _, err = file.load(deep .. "/usher.lua")
      assert.are.equal(deep .. "/usher.lua:1: ", err.message:sub(1, #deep + 14))
    end
  end)

  it("may be that it has no end, which is told once and without a traceback", function()
    local audit = require "spec.support.audit"
    local _, err = load "while true do end"
    assert.are.equal(folder .. "/usher.lua: it did not end and was cut", err.message)
    assert.are.same({}, audit.take_failures())
  end)

  it("comes with the file's text where there is none", function()
    local value, err, text = load "return 17"
    assert.are.same({ 17, nil, "return 17" }, { value, err, text })
  end)
end)
