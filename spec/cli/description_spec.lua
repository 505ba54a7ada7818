-- SPDX-License-Identifier: MIT
local description = require "usher.cli.description"
local temporary = require "spec.support.temporary"
local usher = require "usher"

local folder

local function load(text)
  temporary.write(folder .. "/usher.lua", text)
  return description.load(folder .. "/usher.lua")
end

describe("a description", function()
  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  it("comes from a configuration file", function()
    local loaded = assert(load 'return require("usher").gateway { callback = { listen = "127.0.0.1:0" } }')
    assert.is_true(usher.is_description(loaded))
    assert.are.equal("127.0.0.1:0", loaded.callback.listen)
  end)

  it("is refused where the file returns something else", function()
    for _, text in ipairs { "return {}", "return 17", "return false" } do
      local loaded, err = load(text)
      assert.is_nil(loaded)
      assert.are.equal("bad_configuration", err.code)
      assert.matches("returns usher.gateway", err.message)
    end
  end)
end)
