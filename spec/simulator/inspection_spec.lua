-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local json = require "usher.json"
local simulation = require "spec.support.simulation"
local simulator = require "usher.simulator"

describe("inspection", function()
  it("shows the ledger in pages", function()
    local subject = simulation.new()
    simulation.tokens(subject)
    local kinds = {}
    for line in simulation.get(subject, "/ledger"):gmatch "[^\n]+" do
      table.insert(kinds, json.decode(line).kind)
    end
    assert.are.same({ "push", "exchange" }, kinds)
    assert.are.equal(2, json.decode((simulation.get(subject, "/ledger?after=1"))).number)
    assert.are.equal("", (simulation.get(subject, "/ledger?after=2")))
  end)

  it("shows what the provider knows", function()
    local subject, clock = simulation.new { access_lifetime = 100 }
    local before = json.decode((simulation.get(subject, "/state")))
    assert.is_nil(before.code)
    local data = simulation.tokens(subject)
    simulation.refresh(subject, data.refreshToken)
    simulation.refresh(subject, "nothing")
    local _, code = subject:push()
    assert.are.same({
      client_id = subject.options.client_id,
      code = simulator.fingerprint(code),
      live_tokens = { access = 2, refresh = 1 },
      budgets = { exchange = { limit = 50, used = 1 }, refresh = { limit = 500, used = 2 } },
      pushes = 2,
      exchanges = { ok = 1, all = 1 },
      refreshes = { ok = 1, all = 2 },
    }, json.decode((simulation.get(subject, "/state"))))
    clock:advance(100)
    assert.are.equal(0, json.decode((simulation.get(subject, "/state"))).live_tokens.access)
  end)

  it("revokes what it is told to", function()
    local subject = simulation.new()
    simulation.tokens(subject)
    assert.are.equal(1, simulation.post(subject, "/revoke?kind=access", "").revoked)
    assert.are.equal(1, simulation.post(subject, "/revoke", "").revoked)
    assert.are.equal(0, simulation.post(subject, "/revoke?kind=refresh", "").revoked)
    assert.are.equal("revoke", simulation.last(subject).kind)
  end)

  it("sets, shows and clears faults", function()
    local subject = simulation.new()
    local function faults(method, path, body)
      local response = subject:perform { method = method, url = "http://h/faults" .. path, body = body }
      return json.decode(response.body), response.status
    end
    local fault = { kind = "http", endpoint = "refresh", count = 2, status = 503 }
    local set = faults("POST", "", json.encode(fault)).faults[1]
    assert.are.same({ "http", 2, 503, false }, { set.kind, set.count, set.status, set.commit })
    faults("POST", "", '{"kind":"lost","endpoint":"push"}')
    assert.are.equal(2, #faults("GET", "").faults)
    assert.are.equal("lost", faults("DELETE", "?endpoint=refresh").faults[1].kind)
    local body = simulation.get(subject, "/faults")
    assert.matches("lost", body, 1, true)
    assert.are.same({}, faults("DELETE", "").faults)
    for _, wrong in ipairs { "", "[]", "7", '{"kind":"flood"}', '{"kind":"hang"}' } do
      local answer, status = faults("POST", "", wrong)
      assert.are.same({ 400, "bad_fault" }, { status, answer.error })
      assert.is_string(answer.error_description)
    end
  end)
end)
