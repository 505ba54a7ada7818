-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local api_server = require "spec.support.api_server"
local process = require "spec.support.process"
local paths = require "spec.support.paths"
local temporary = require "spec.support.temporary"

describe("usher reload", function()
  it("ends with 0 where the gateway has reloaded", function()
    local server = api_server.open()
    server.handler = function()
      return { status = 200, body = '{"reloaded":true}' }
    end
    assert.are.same({ 0, "", "" }, { server:usher { "reload" } })
    assert.are.same({ "POST", "/v1/reload" }, { server.requests[1].method, server.requests[1].path })
  end)

  it("ends with 78 and the reason where something is wrong", function()
    local server = api_server.open()
    server.handler = function()
      return { status = 422, body = '{"error":"bad_configuration","error_description":"usher.lua:7: wrong"}' }
    end
    assert.are.same({ 78, "", "usher: usher.lua:7: wrong\n" }, { server:usher { "reload" } })
  end)

  it("ends with 69 where there is no gateway", function()
    local folder = temporary.folder()
    finally(function()
      temporary.remove(folder)
    end)
    local environment = { USHER_API_LISTEN = "unix:" .. folder .. "/none.sock" }
    assert.are.equal(69, (process.run(folder, { paths.root .. "/bin/usher", "reload" }, environment)))
  end)
end)
