-- SPDX-License-Identifier: MIT
local api_server = require "spec.support.api_server"
local argparse = require "argparse"
local connection = require "usher.cli.connection"
local temporary = require "spec.support.temporary"

local server

describe("client commands", function()
  before_each(function()
    server = api_server.open()
    server.keeper.answers.token = { { access_token = "tok-1", token_type = "Bearer", expires_in = 60 } }
  end)

  it("find the gateway by USHER_API_LISTEN", function()
    local status, out = server:usher { "token", "acme" }
    assert.are.equal(0, status)
    assert.are.equal("tok-1\n", out)
  end)

  it("find the gateway by --api before that", function()
    local status, out = server:usher(
      { "token", "acme", "--api", server.listen },
      { USHER_API_LISTEN = "127.0.0.1:1" }
    )
    assert.are.equal(0, status)
    assert.are.equal("tok-1\n", out)
  end)

  it("find the gateway's usual socket", function()
    for _, environment in ipairs {
      { RUNTIME_DIRECTORY = server.folder, HOME = "/nowhere" },
      { XDG_RUNTIME_DIR = server.folder },
      { USHER_STATE_DIR = server.folder },
      { STATE_DIRECTORY = server.folder },
    } do
      environment.USHER_API_LISTEN = ""
      assert.are.equal(0, (server:usher({ "token", "acme" }, environment)))
    end
  end)

  it("read --api still after the usual socket was looked for", function()
    connection.open {}
    local parser = argparse "any"
    connection.describe(parser)
    assert.are.equal("127.0.0.1:1", parser:parse({ "--api", "127.0.0.1:1" }).api)
  end)

  it("end with 69 where no gateway is", function()
    local status, out, err = server:usher({ "status" }, { USHER_API_LISTEN = "unix:/nowhere/usher.sock" })
    assert.are.equal(69, status)
    assert.are.equal("", out)
    assert.are.equal("usher: no gateway at unix:/nowhere/usher.sock: No such file or directory\n", err)
  end)

  it("end with 78 where the environment is wrong", function()
    for expected, environment in pairs {
      ["is not an address"] = { USHER_API_LISTEN = "nonsense" },
      ["cannot be read through USHER_API_TOKEN_FILE"] = { USHER_API_TOKEN_FILE = "/nowhere" },
      ["no gateway is named"] = { USHER_API_LISTEN = "" },
    } do
      local status, _, err = server:usher({ "status" }, environment)
      assert.are.equal(78, status)
      assert.matches(expected, err)
    end
  end)

  it("present the bearer of USHER_API_TOKEN", function()
    local guarded = api_server.open { host = "127.0.0.1", token = "the-bearer" }
    guarded.keeper.answers.token = server.keeper.answers.token
    assert.are.equal(0, (guarded:usher({ "token", "acme" }, { USHER_API_TOKEN = "the-bearer" })))
    temporary.write(guarded.folder .. "/bearer", "the-bearer\n")
    local file = guarded.folder .. "/bearer"
    assert.are.equal(0, (guarded:usher({ "token", "acme" }, { USHER_API_TOKEN_FILE = file })))
    local status, _, err = guarded:usher { "token", "acme" }
    assert.are.equal(77, status)
    assert.matches("bearer", err)
  end)
end)
