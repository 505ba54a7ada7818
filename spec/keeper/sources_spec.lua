-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local sources = require "usher.keeper.sources"
local temporary = require "spec.support.temporary"

local function perform(request)
  request.timeout_ms = 5000
  return sources.of(request)(request)
end

describe("sources", function()
  it("leave every HTTP request to a transfer", function()
    assert.is_nil(sources.of { method = "GET", url = "http://h" })
  end)

  it("read a file", function()
    local folder = temporary.folder()
    finally(function()
      temporary.remove(folder)
    end)
    temporary.write(folder .. "/key", "sk-1\n")
    assert.are.same({ status = 200, headers = {}, body = "sk-1\n" }, perform { file = folder .. "/key" })
    local response, err = perform { file = folder .. "/nothing" }
    assert.are.same({ nil, "not_found", false }, { response, err.code, err.sent })
  end)

  it("run a command", function()
    local response = perform { command = { "/bin/echo", "{}" }, environment = {} }
    assert.are.same({ 200, "{}\n", 0 }, { response.status, response.body, response.exit.status })
    response = perform { command = { "/bin/sh", "-c", "exit 3" }, environment = {} }
    assert.are.same({ 500, 3 }, { response.status, response.exit.status })
    local _, err = perform { command = { "/nowhere" }, environment = {} }
    assert.are.same({ "not_found", false }, { err.code, err.sent })
  end)
end)
