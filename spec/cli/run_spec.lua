-- SPDX-License-Identifier: MIT
local capture = require "spec.support.capture"
local core = require "usher.core"
local paths = require "spec.support.paths"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"
local variables = require "usher.config.variables"

local folder

local function run(environment, ...)
  return process.run(folder, { paths.root .. "/bin/usher", "run", ... }, environment)
end

local function write(text)
  temporary.write(folder .. "/usher.lua", text)
  return folder .. "/usher.lua"
end

describe("usher run", function()
  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  it("names every variable in its help", function()
    local _, out = capture.usher("run", "--help")
    for _, variable in ipairs(variables) do
      assert.matches("\n   " .. variable.name .. " ", out)
    end
    assert.matches("Required%.", out)
    assert.matches("Default: 127%.0%.0%.1:8080%.", out)
  end)

  it("ends with 78 and one line where the environment is wrong", function()
    for message, environment in pairs {
      ["MEMORIES_API_KEY is required (or MEMORIES_API_KEY_FILE, a file that holds it)"] = {},
      ["USHER_STATE_DIR is required: neither STATE_DIRECTORY, XDG_STATE_HOME nor HOME is set"] = {
        MEMORIES_API_KEY = "the-api-key",
      },
      ["USHER_MASTER_KEY: 3 bytes instead of 32"] = {
        MEMORIES_API_KEY = "the-api-key",
        USHER_STATE_DIR = folder .. "/state",
        USHER_MASTER_KEY = "AAAA",
      },
    } do
      local status, out, err = run(environment)
      assert.are.equal(78, status)
      assert.are.equal("", out)
      assert.are.equal("usher: " .. message .. "\n", err)
    end
  end)

  it("makes nothing where the environment is wrong", function()
    run { MEMORIES_API_KEY = "the-api-key", USHER_STATE_DIR = folder .. "/state", USHER_LOG_LEVEL = "loud" }
    assert.is_nil(core.file.status(folder .. "/state"))
  end)

  it("ends with 78 and the place where a configuration file is wrong", function()
    for expected, text in pairs {
      ["usher%.lua:2: .*expected"] = "\nreturn {",
      ["usher%.lua:1: attempt to"] = "return nothing.at_all",
      ["usher%.lua: a configuration returns usher.gateway"] = "return {}",
    } do
      local status, _, err = run({}, write(text))
      assert.are.equal(78, status)
      assert.matches("^usher: .*" .. expected, err)
      assert.is_nil(err:find "traceback")
    end
    local status, _, err = run({}, folder .. "/missing.lua")
    assert.are.equal(78, status)
    assert.matches("missing.lua", err)
  end)
end)
