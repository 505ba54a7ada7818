-- SPDX-License-Identifier: MIT
local child = require "spec.support.child"
local config = require "usher.config"
local core = require "usher.core"
local description = require "usher.cli.description"
local temporary = require "spec.support.temporary"

local folder

local function minimal(more)
  return ([[local usher = require "usher"
return usher.gateway { %s, store = usher.store.memory {},
  accounts = { acme = usher.provider.memories_ai { api_key = "k" } } }]]):format(more)
end

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
    local loaded = assert(load(minimal 'callback = { listen = "127.0.0.1:0" }'))
    assert.are.equal("127.0.0.1:0", loaded.callback.listen)
    assert.are.equal("/callback", loaded.accounts.acme.config.callback_path)
  end)

  it("tells each mistake of the file with its place", function()
    local loaded, err = load(minimal 'callback = {\n  listn = "127.0.0.1:0",\n  path = "x",\n}')
    assert.is_nil(loaded)
    local path = folder .. "/usher.lua"
    assert.are.same({
      path .. ":3: callback.listn is not a known key; the nearest known key is callback.listen",
      path .. ":4: callback.path is not allowed; allowed: a path from / on, of A-Z a-z 0-9 . _ ~ - and /",
    }, err.messages)
    assert.are.equal(err.messages[1], err.message)
  end)

  it("of the environment is made without a trace where nothing may be made", function()
    local code = ([[
      local loaded = assert(require("usher.cli.description").load(nil, true))
      local core = require "usher.core"
      assert(loaded.store:prepare())
      assert(not core.file.status %q)
    ]]):format(folder .. "/state")
    child.run(
      code,
      { environment = { MEMORIES_API_KEY = "the-api-key", USHER_STATE_DIR = folder .. "/state" } }
    )
  end)

  it("warns of misspelt variables in a process that is closed to others, and copies no value", function()
    local code = [[
      local core = require "usher.core"
      local opened = io.open
      function io.open(path, ...)
        assert(not path:find "environ", "the environment was read")
        return opened(path, ...)
      end
      assert(core.process.harden())
      require("usher.cli.description").warn_of_environment()
    ]]
    local output = child.run(code, { environment = { MEMORIES_API_KY = "k" } })
    assert.is_truthy(output:find("warning: MEMORIES_API_KY is no variable of usher's", 1, true))
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
