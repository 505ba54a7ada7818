-- SPDX-License-Identifier: MIT
-- What each fault does to an answer: the same in process and on a socket, and the ledger tells whether the provider
-- acted.
require "spec.support.paths"
local clock = require "usher.clock"
local core = require "usher.core"
local fault_kinds = require "usher.simulator.fault_kinds"
local faults = require "usher.simulator.faults"
local json = require "usher.json"
local server = require "usher.simulator.server"
local simulation = require "spec.support.simulation"
local simulator = require "usher.simulator"

-- Short where a time-out is what must be seen; else so long that a busy machine cannot cause one.
local SHORT_TIMEOUT_MS, LONG_TIMEOUT_MS = 150, 20000

local function refresh_request(url, refresh_token, seen)
  return {
    method = "POST",
    url = url .. "/auth/api/token/refreshAccessToken",
    headers = { ["Content-Type"] = "application/json" },
    body = json.encode { refreshToken = refresh_token },
    timeout_ms = seen == "timeout" and SHORT_TIMEOUT_MS or LONG_TIMEOUT_MS,
  }
end

-- A provider that has issued a token pair and then meets the fault.
local function afflicted(text, options)
  local merged = { api_key = "sk-spec", clock = clock.system() }
  for name, value in pairs(options or {}) do
    merged[name] = value
  end
  local subject = simulator.new(merged)
  local data = simulation.tokens(subject)
  subject.faults:add(assert(faults.parse(text)))
  return subject, data
end

local function in_process(text, seen)
  local subject, data = afflicted(text)
  local response, err = subject:perform(refresh_request("http://simulator", data.refreshToken, seen))
  return subject, response, err
end

local function on_socket(text, seen)
  local subject, data = afflicted(text)
  local running <close> = setmetatable({
    server = assert(server.start {
      simulator = subject,
      clock = clock.system(),
      address = { host = "127.0.0.1", port = 0 },
      transfer = error,
    }),
  }, {
    __close = function(self)
      self.server:close()
    end,
  })
  local url = "http://" .. running.server:address()
  local response, err = core.transfer.perform(refresh_request(url, data.refreshToken, seen))
  return subject, response, err
end

-- Fault, what the client sees, what the ledger says of the request.
local CASES = {
  { "refresh:http", 500, "none" },
  { "refresh:http,status=503,retry_after=30", 503, "none" },
  { "refresh:http,status=429,commit=true", 429, "ok" },
  { "refresh:envelope", 200, "none", "0429" },
  { "refresh:envelope,code=0401", 200, "none", "0401" },
  { "refresh:garbage", 200, "none" },
  { "refresh:empty,commit=true", 200, "ok" },
  { "refresh:truncated", "bad_response", "ok" },
  { "refresh:missing", 200, "ok", "0000" },
  { "refresh:odd,value=-1", 200, "ok", "0000" },
  { "refresh:hang", "timeout", "none" },
  { "refresh:hang,commit=true", "timeout", "ok" },
  { "refresh:hang,seconds=0.01", "connection_lost", "none" },
  { "refresh:slow,seconds=9", "timeout", "ok" },
  { "refresh:slow,seconds=0.01", 200, "ok", "0000" },
  { "refresh:close", "connection_lost", "none" },
  { "refresh:close,commit=true", "connection_lost", "ok" },
  { "refresh:redirect", 302, "none" },
  { "refresh:huge", "response_too_large", "ok" },
  { "refresh:huge,bytes=1000", 200, "ok", "0000" },
  { "refresh:nesting", 200, "none" },
  { "refresh:revoked", 200, "0401", "0401" },
}

describe("a fault", function()
  for _, case in ipairs(CASES) do
    local text, seen, verdict, envelope = table.unpack(case)
    for where, run in pairs { ["in process"] = in_process, ["on a socket"] = on_socket } do
      it(("%s shows %s %s"):format(text, seen, where), function()
        local subject, response, err = run(text, seen)
        assert.are.equal(seen, response and response.status or err.code)
        assert.is_true(response ~= nil or err.sent)
        assert.are.equal(verdict, simulation.last(subject).verdict)
        assert.are.equal(text:match ":(%w+)", simulation.last(subject).fault)
        local body = response and json.decode(response.body)
        assert.are.equal(envelope, type(body) == "table" and body.code or nil)
      end)
    end
  end

  it("unreachable leaves nothing sent", function()
    local subject, response, err = in_process "refresh:unreachable"
    assert.is_nil(response)
    assert.are.same({ "connect_failed", false }, { err.code, err.sent })
    assert.are.equal("none", simulation.last(subject).verdict)
    assert.are.equal("connection_lost", select(3, on_socket "refresh:unreachable").code)
  end)

  it("http says when to come back", function()
    local _, response = in_process "refresh:http,status=503,retry_after=30"
    assert.are.equal("30", response.headers["retry-after"])
    assert.are.equal("Service Unavailable", json.decode(response.body).error)
  end)

  it("missing and odd change one field, of the data or the envelope", function()
    local function body_with(text)
      return select(2, in_process(text)).body
    end
    assert.is_nil(body_with("refresh:missing"):find("expiresIn", 1, true))
    assert.is_nil(json.decode(body_with "refresh:missing,field=data").data)
    assert.are.equal("7200", json.decode(body_with 'refresh:odd,value="7200"').data.expiresIn)
    assert.matches('"expiresIn":NaN', body_with "refresh:odd,value=NaN", 1, true)
    assert.matches('"accessToken":{}', body_with "refresh:odd,field=accessToken,value={}", 1, true)
  end)

  it("rotation gives another refresh token and ends the old one, whatever else happens", function()
    local subject, data = afflicted "refresh:rotation,count=2"
    subject.faults:add(assert(faults.parse "refresh:close,commit=true,count=1"))
    local request = refresh_request("http://simulator", data.refreshToken)
    assert.are.equal("connection_lost", select(2, subject:perform(request)).code)
    assert.are.equal("0401", simulation.refresh(subject, data.refreshToken).code)
    assert.are.equal("rotated_token", simulation.last(subject).reason)
  end)

  it("clock_offset ages what was issued, and shows in times", function()
    local subject, data = afflicted "clock_offset,seconds=7201"
    assert.are.equal(401, simulation.echo(subject, data.accessToken))
    local late = json.decode((simulation.get(subject, "/nothing"))).timestamp
    assert.is_true(late > os.date("!%Y-%m-%dT%H:%M:%S", math.floor(clock.system():wall()) + 7100))
    subject.faults:clear()
    assert.are.equal(200, simulation.echo(subject, data.accessToken))
  end)

  it("exists for each kind that the list names", function()
    local tried = { clock_offset = true, rotation = true, unreachable = true }
    for _, case in ipairs(CASES) do
      tried[case[1]:match ":(%w+)"] = true
    end
    for name, kind in pairs(fault_kinds.all) do
      assert.is_true(tried[name] or kind.at.push, name)
    end
  end)
end)
