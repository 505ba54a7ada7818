-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local json = require "usher.json"
local simulation = require "spec.support.simulation"
local simulator = require "usher.simulator"

describe("simulator", function()
  it("says what it does not know as Spring does", function()
    local subject = simulation.new()
    local body, status = simulation.get(subject, "/nowhere")
    assert.are.equal(404, status)
    local spring = json.decode(body)
    assert.are.same({ "/nowhere", 404, "Not Found" }, { spring.path, spring.status, spring.error })
    body, status = simulation.get(subject, "/auth/api/token/getAccessToken")
    assert.are.equal(405, status)
    assert.are.equal("Method Not Allowed", json.decode(body).error)
    assert.are.same({ "refused", 405 }, { simulation.last(subject).kind, simulation.last(subject).status })
  end)

  it("repeats itself for the same seed", function()
    local codes = {}
    for index, seed in ipairs { 7, 7, 8 } do
      local subject = simulation.new { random = simulator.seeded(seed) }
      subject:push()
      codes[index] = select(2, subject:push())
    end
    assert.are.equal(codes[1], codes[2])
    assert.are_not.equal(codes[1], codes[3])
  end)

  it("never gives the same text twice", function()
    local subject, seen = simulation.new(), {}
    for _ = 1, 200 do
      local _, code = subject:push()
      assert.is_nil(seen[code])
      seen[code] = true
    end
  end)

  it("writes pushes and their delivery down", function()
    local subject = simulation.new()
    local _, code = subject:push()
    subject:note_delivery(code, { status = 503 })
    subject:note_delivery(code, nil, core.failure "timeout")
    local entries = subject.ledger:after()
    local fingerprint = simulator.fingerprint(code)
    assert.are.same({ "push", fingerprint }, { entries[1].kind, entries[1].code })
    assert.are.same({ "delivery", fingerprint, 503 }, { entries[2].kind, entries[2].code, entries[2].status })
    assert.are.same({ "delivery", "timeout" }, { entries[3].kind, entries[3].error })
  end)

  it("stands in for a transfer", function()
    local subject = simulation.new()
    assert.are.equal("bad_url", select(2, subject:perform { method = "GET", url = "/nothing" }).code)
    local response = subject:perform { method = "GET", url = "https://h:1" }
    assert.are.same({ 404, "application/json" }, { response.status, response.headers["content-type"] })
  end)

  it("lets no secret into the ledger", function()
    local written = {}
    local subject = simulation.new {
      on_entry = function(entry)
        table.insert(written, simulator.line(entry))
      end,
    }
    local _, code = subject:push()
    local data = simulation.exchange(subject, code).data
    simulation.refresh(subject, data.refreshToken)
    simulation.echo(subject, data.accessToken)
    local text = table.concat(written)
      .. simulation.get(subject, "/ledger")
      .. simulation.get(subject, "/state")
    for _, secret in ipairs { code, data.accessToken, data.refreshToken, "sk-spec" } do
      assert.is_nil(text:find(secret, 1, true))
    end
  end)

  it("raises without its API key or clock", function()
    assert.has_error(function()
      simulator.new { clock = {} }
    end)
    assert.has_error(function()
      simulator.new { api_key = "x" }
    end)
  end)
end)
