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

describe("simulator in a transfer's place", function()
  local cases = {
    -- fault, changes of the request, error, sent, seconds
    { "refresh:hang", {}, "timeout", true, 20 },
    { "refresh:hang", { timeout_ms = 3000 }, "timeout", true, 3 },
    { "refresh:slow,seconds=5", { timeout_ms = 5000 }, "timeout", true, 5 },
    { "refresh:slow,seconds=5", { timeout_ms = 6000 }, nil, nil, 5 },
    { "refresh:close", {}, "connection_lost", true, 0 },
    { "refresh:truncated", {}, "bad_response", true, 0 },
    { "refresh:unreachable", {}, "connect_failed", false, 0 },
    { "refresh:huge", {}, "response_too_large", true, 0 },
    { "refresh:huge", { max_body_bytes = 2 * 1024 * 1024 }, nil, nil, 0 },
  }
  for _, case in ipairs(cases) do
    local fault, changes, code, sent, seconds = table.unpack(case, 1, 5)
    it(("gives %s for %s after %d s"):format(code or "a response", fault, seconds), function()
      local subject, clock = simulation.new()
      local body = json.encode { refreshToken = simulation.tokens(subject).refreshToken }
      local request = {
        method = "POST",
        url = "http://simulator/auth/api/token/refreshAccessToken",
        headers = { ["Content-Type"] = "application/json" },
        body = body,
        timeout_ms = changes.timeout_ms,
        max_body_bytes = changes.max_body_bytes,
      }
      subject.faults:add(assert(simulator.parse_fault(fault)))
      local started, ended, response, err = clock:boot(), nil, nil, nil
      core.loop:spawn(function()
        response, err = subject:perform(request)
        ended = clock:boot()
      end)
      clock:advance(30)
      assert.are.equal(seconds, ended - started)
      assert.are.same({ code, sent }, { err and err.code, err and err.sent })
      assert.are.equal(code == nil, response ~= nil)
    end)
  end
end)

describe("simulator's pushes", function()
  local cases = {
    -- fault, whether each delivery is the genuine push, their delays
    { nil, { true }, {} },
    { "push:lost", {}, {} },
    { "push:late,seconds=90", { true }, { 90 } },
    { "push:doubled", { true, true }, {} },
    { "push:forged", { false, true }, {} },
  }
  for _, case in ipairs(cases) do
    it("arrive as told: " .. (case[1] or "no fault"), function()
      local subject = simulation.new()
      if case[1] then
        subject.faults:add(assert(simulator.parse_fault(case[1])))
      end
      local request, code, deliveries = subject:push()
      local genuine, delays = {}, {}
      for index, delivery in ipairs(deliveries) do
        genuine[index] = delivery.code == code and delivery.request.url == request.url
        delays[index] = delivery.delay
      end
      assert.are.same({ case[2], case[3] }, { genuine, delays })
      assert.are.equal("0000", simulation.exchange(subject, code).code)
    end)
  end

  it("carry another clientId where forged", function()
    local subject = simulation.new()
    subject.faults:add(assert(simulator.parse_fault "push:forged,client_id=nobody"))
    local _, _, deliveries = subject:push()
    assert.matches("clientId=nobody&", deliveries[1].request.url, 1, true)
    assert.is_nil(deliveries[2].request.url:find("nobody", 1, true))
  end)

  it("go where the options say", function()
    local request, code = simulation.new({ callback = "https://me/cb", method = "POST" }):push()
    assert.are.equal("POST", request.method)
    assert.matches("https://me/cb?code=" .. code, request.url, 1, true)
  end)
end)

describe("simulator's time", function()
  it("goes by no step of the wall clock, and by its own offset", function()
    local subject, clock = simulation.new()
    local start = subject:now()
    clock:step_wall(5000)
    assert.are.equal(start, subject:now())
    clock:advance(7)
    assert.are.equal(start + 7, subject:now())
    subject.faults:add(assert(simulator.parse_fault "clock_offset,seconds=60"))
    assert.are.equal(start + 67, subject:now())
  end)
end)
