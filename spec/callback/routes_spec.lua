-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local recorder = require "spec.support.recorder"
local routes = require "usher.callback.routes"

local REQUEST = {
  method = "POST",
  path = "/hook",
  query = "a=1",
  headers = {},
  body = "x",
  remote = "[::1]:1",
  version = "1.1",
}

local function answer(handler)
  local log, lines = recorder.new()
  local paths = assert(routes.read({ ["POST /hook"] = handler }, log))
  return paths["/hook"].POST(REQUEST), lines
end

describe("callback routes", function()
  it("hands the handler the request and its answer back", function()
    local seen
    local response, lines = answer(function(request)
      seen = request
      return { status = 202, headers = { ["X-Note"] = "yes" }, body = "taken" }
    end)
    assert.are.same({ status = 202, headers = { ["X-Note"] = "yes" }, body = "taken" }, response)
    assert.are.same(
      { method = "POST", path = "/hook", query = "a=1", headers = {}, body = "x", remote = "[::1]:1" },
      seen
    )
    assert.are.same({}, lines)
  end)

  it("closes the connection after an error, as the listener's own do", function()
    for status, closes in pairs { [399] = false, [400] = true, [503] = true } do
      local response = answer(function()
        return { status = status }
      end)
      assert.are.equal(closes, response.close == true)
    end
  end)

  it("answers 500 for a handler that fails, and logs its place", function()
    local response, lines = answer(function()
      error "no such video"
    end)
    assert.are.equal(500, response.status)
    assert.are.equal("internal server error", response.body)
    assert.are.equal("route_failed", lines[1].event)
    assert.are.equal("POST /hook", lines[1].route)
    assert.matches("routes_spec.lua:%d+", lines[1].place)
    assert.matches("routes_spec.lua:%d+: no such video", lines[1].error)
  end)

  for fault, response in pairs {
    ["no table"] = "ok",
    ["whole number"] = { status = "200" },
    ["200 to 599"] = { status = 100 },
    ["headers is not"] = { status = 200, headers = { ["X-A"] = "1\r\nX-B: 2" } },
    ["the core's own"] = { status = 200, headers = { ["content-length"] = "1" } },
    ["headers is not a table"] = { status = 200, headers = { "X-A: 1" } },
    ["body is not"] = { status = 200, body = {} },
  } do
    it("answers 500 where " .. fault, function()
      local answered, lines = answer(function()
        return response
      end)
      assert.are.equal(500, answered.status)
      assert.matches(fault, lines[1].error, 1, true)
    end)
  end

  it("answers 500 for a handler that never ends", function()
    local response, lines = answer(function()
      while true do
      end
    end)
    assert.are.equal(500, response.status)
    assert.matches("routes_spec.lua:%d+", lines[1].place)
    assert.matches("cut: .*routes_spec.lua:%d+", lines[1].error)
  end)

  it("lets a handler wait", function()
    local response = answer(function()
      local future = core.future.new()
      core.timer.start(1, function()
        future:resolve(204)
      end)
      return { status = future:wait() }
    end)
    assert.are.equal(204, response.status)
  end)

  it("takes a callable table", function()
    local handler = setmetatable({}, {
      __call = function()
        return { status = 204 }
      end,
    })
    assert.are.equal(204, answer(handler).status)
  end)

  for _, key in ipairs { "/hook", "post /hook", "POST hook", "POST  /hook", "POST /hook?x", "POST /a b", 1 } do
    it(("refuses the key %q"):format(key), function()
      local paths, err = routes.read({ [key] = print }, (recorder.new()))
      assert.is_nil(paths)
      assert.are.equal("bad_configuration", err.code)
    end)
  end

  it("refuses what cannot be called", function()
    local _, err = routes.read({ ["GET /hook"] = "handler" }, (recorder.new()))
    assert.are.equal('routes["GET /hook"] is not a function', err.message)
  end)
end)
