-- SPDX-License-Identifier: MIT
-- Client commands against a live gateway: what they print, and their exit codes.

require "spec.support.paths"
local json = require "usher.json"
local simulator = require "usher.simulator"
local world = require "spec.support.world"

local function running_world(options)
  local here = world.new(options)
  here:start_gateway()
  here:start_simulator()
  return here, here:await_token()
end

describe("client commands", function()
  it("print a token in each format", function()
    local here <close>, answer = running_world()
    local token = answer.access_token
    local status, out, err = here:usher("token", "default")
    assert.are.same({ 0, token .. "\n", "" }, { status, out, err })
    status, out = here:usher("token", "default", "--format", "header", "--min-ttl", "60", "--wait", "1")
    assert.are.same({ 0, "Authorization: Bearer " .. token .. "\n" }, { status, out })
    status, out = here:usher("token", "default", "--format", "json")
    assert.are.equal(0, status)
    assert.are.equal(answer.expires_at, json.decode(out).expires_at)
  end)

  it("show the status", function()
    local here <close> = running_world()
    local status, out = here:usher "status"
    assert.are.equal(0, status)
    assert.matches("default +ready", out)
    status, out = here:usher("status", "default", "--json")
    assert.are.equal(0, status)
    assert.are.equal(simulator.defaults.client_id, json.decode(out).subject)
  end)

  it("refresh at once", function()
    local here <close>, before = running_world()
    local status = here:usher("refresh", "default")
    assert.are.equal(0, status)
    assert.are.equal(1, #here:ledger "refresh")
    assert.are_not.equal(before.access_token, here:await_token().access_token)
  end)

  it("end with 64 for an account that is not there, and for bad usage", function()
    local here <close> = running_world()
    for _, words in ipairs {
      { "token", "nobody" },
      { "status", "nobody" },
      { "refresh", "nobody" },
      { "token" },
      { "token", "default", "--wait", "61" },
      { "token", "default", "--format", "yaml" },
      { "fetch" },
    } do
      local status, out, err = here:usher(table.unpack(words))
      assert.are.same({ 64, "" }, { status, out }, table.concat(words, " "))
      assert.is_true(#err > 0)
    end
  end)

  it("end with 69 where no gateway is", function()
    local here <close> = world.new()
    for _, words in ipairs { { "token", "default" }, { "status" }, { "refresh", "default" } } do
      assert.are.equal(69, (here:usher(table.unpack(words))))
    end
    assert.are.equal(69, (here:usher("status", "--api", "127.0.0.1:1")))
  end)

  it("end with 75 while no credential has come", function()
    local here <close> = world.new()
    here:start_gateway()
    local status, out, err = here:usher("token", "default")
    assert.are.same({ 75, "" }, { status, out })
    assert.matches("no credential", err)
  end)

  it("end with 75 where a refresh fails, and the token is served on", function()
    local here <close>, before = running_world { simulator = { ["--refresh-budget"] = 0 } }
    assert.are.equal(75, (here:usher("refresh", "default")))
    local status, out = here:usher("token", "default")
    assert.are.same({ 0, before.access_token .. "\n" }, { status, out })
  end)

  it("end with 77 without the bearer token, and with 0 with it", function()
    local here <close> = world.new()
    here:serve_api_on_tcp "b3arer-0123456789"
    here:start_gateway()
    assert.are.equal(0, (here:usher "status"))
    here.environment.USHER_API_TOKEN = "an0ther"
    local status, out = here:usher "status"
    assert.are.same({ 77, "" }, { status, out })
    here.environment.USHER_API_TOKEN = nil
    assert.are.equal(77, (here:usher("token", "default")))
  end)

  it("end with 78 where the environment is wrong", function()
    local here <close> = world.new { environment = { USHER_API_LISTEN = "somewhere" } }
    local status, _, err = here:usher "status"
    assert.are.equal(78, status)
    assert.matches("somewhere", err, 1, true)
  end)
end)
