-- SPDX-License-Identifier: MIT
local config = require "usher.config"
local core = require "usher.core"
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

  it("bundled is what the environment says", function()
    local settings = assert(config.from_environment(function(name)
      return ({
        MEMORIES_API_KEY = "the-api-key",
        MEMORIES_CLIENT_ID = "d7a7",
        MEMORIES_PUSH_INTERVAL = "60",
        USHER_ACCOUNT = "acme",
        USHER_CALLBACK_PATH = "/x",
        USHER_CALLBACK_PLAIN = "1",
        USHER_STATE_DIR = folder,
      })[name]
    end))
    local bundled = description.bundled(settings, core.secret.new(("k"):rep(32)), folder .. "/usher.db")
    local account = bundled.accounts.acme
    assert.are.equal("d7a7", account.subject)
    assert.are.equal("/x", account.config.callback_path)
    assert.is_true(bundled.callback.plain)
    assert.are.equal("the-api-key", account.config.api_key:reveal())
    assert.are.equal(60, account.policy.push_interval)
    assert.are.same({ exchange = 50, refresh = 500 }, account.policy.budgets)
    assert.are.equal("unix:" .. folder .. "/usher.sock", bundled.api.listen)
    assert.is_nil(core.file.status(folder .. "/usher.db"))
  end)
end)
