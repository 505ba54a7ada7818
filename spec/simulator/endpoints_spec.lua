-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local simulation = require "spec.support.simulation"
local simulator = require "usher.simulator"

local EXCHANGE = "/auth/api/token/getAccessToken"
local REFRESH = "/auth/api/token/refreshAccessToken"
local DAY = 24 * 3600

-- The envelope's code, and the reason in the ledger.
local function outcome(subject, body)
  return { body.code, simulation.last(subject).reason }
end

describe("exchange", function()
  it("gives a token pair for the current code", function()
    local subject = simulation.new()
    local _, code = subject:push()
    local body, status = simulation.exchange(subject, code)
    assert.are.same({ 200, "0000", true }, { status, body.code, body.success })
    assert.are.same(
      { "Bearer", 7200, 60 * DAY },
      { body.data.type, body.data.expiresIn, body.data.refreshExpiresIn }
    )
    assert.are.equal(200, simulation.echo(subject, body.data.accessToken))
    local entry = subject.ledger:after()[2]
    assert.are.same({
      "exchange",
      "ok",
      simulator.fingerprint(code),
      simulator.fingerprint(body.data.accessToken),
      simulator.fingerprint(body.data.refreshToken),
    }, { entry.kind, entry.verdict, entry.code, entry.access, entry.refresh })
  end)

  it("counts in milliseconds where told", function()
    local data = simulation.tokens(simulation.new { expires_unit = "ms" })
    assert.are.same({ 7200000, 60 * DAY * 1000 }, { data.expiresIn, data.refreshExpiresIn })
  end)

  it("refuses a code that was used", function()
    local subject = simulation.new()
    local _, code = subject:push()
    simulation.exchange(subject, code)
    assert.are.same({ "0401", "used_code" }, outcome(subject, simulation.exchange(subject, code)))
  end)

  it("refuses a code once the next one was pushed", function()
    local subject = simulation.new()
    local _, code = subject:push()
    subject:push()
    assert.are.same({ "0401", "expired_code" }, outcome(subject, simulation.exchange(subject, code)))
  end)

  it("refuses another client and unknown codes", function()
    local subject = simulation.new()
    local _, code = subject:push()
    assert.are.same({ "0401", "wrong_client" }, outcome(subject, simulation.exchange(subject, code, "other")))
    assert.are.same({ "0401", "unknown_code" }, outcome(subject, simulation.exchange(subject, "nothing")))
  end)

  it("takes clientId as it is, not as it was written in a URL", function()
    local subject = simulation.new()
    local _, code = subject:push()
    local mangled = subject.options.client_id:gsub("%+", " ")
    assert.are.same({ "0401", "wrong_client" }, outcome(subject, simulation.exchange(subject, code, mangled)))
  end)

  it("refuses malformed bodies", function()
    local subject = simulation.new()
    for body, code in pairs {
      [""] = "0001",
      ["code=x"] = "0001",
      ["[]"] = "0003",
      ["{}"] = "0003",
      ['{"clientId":"x"}'] = "0003",
      ['{"clientId":"x","code":""}'] = "0003",
      ['{"clientId":"x","code":5}'] = "0003",
    } do
      assert.are.same(
        { code, "bad_parameters" },
        outcome(subject, (simulation.post(subject, EXCHANGE, body))),
        body
      )
    end
  end)

  it("takes JSON only", function()
    local subject = simulation.new()
    local _, code = subject:push()
    local body = { clientId = subject.options.client_id, code = code }
    local _, status = simulation.post(subject, EXCHANGE, body, "text/plain")
    assert.are.equal(415, status)
    local _, charset_status = simulation.post(subject, EXCHANGE, body, "application/json; charset=UTF-8")
    assert.are.equal(200, charset_status)
  end)

  it("has 50 requests in a rolling day, refused ones included", function()
    local subject, clock = simulation.new()
    for _ = 1, 50 do
      assert.are.equal("0401", simulation.exchange(subject, "nothing").code)
    end
    local _, code = subject:push()
    assert.are.same({ "0429", "budget_exhausted" }, outcome(subject, simulation.exchange(subject, code)))
    clock:advance(DAY - 1)
    assert.are.equal("0429", simulation.exchange(subject, code).code)
    clock:step_wall(DAY)
    assert.are.equal("0429", simulation.exchange(subject, code).code)
    clock:advance(1)
    assert.are.equal("0000", simulation.exchange(subject, code).code)
  end)
end)

describe("refresh", function()
  it("gives an access token and no refresh token", function()
    local subject = simulation.new()
    local first = simulation.tokens(subject)
    local body = simulation.refresh(subject, first.refreshToken)
    assert.are.same({ "0000", "Bearer", 7200 }, { body.code, body.data.type, body.data.expiresIn })
    assert.is_nil(body.data.refreshToken)
    assert.are_not.equal(first.accessToken, body.data.accessToken)
    assert.are.equal(200, simulation.echo(subject, body.data.accessToken))
  end)

  it("refuses unknown, revoked and expired tokens", function()
    local subject, clock = simulation.new { refresh_lifetime = 1000 }
    local first = simulation.tokens(subject)
    assert.are.same(
      { "0401", "unknown_token" },
      outcome(subject, simulation.refresh(subject, first.accessToken))
    )
    simulation.post(subject, "/revoke", "")
    assert.are.same(
      { "0401", "revoked_token" },
      outcome(subject, simulation.refresh(subject, first.refreshToken))
    )
    local second = simulation.tokens(subject)
    clock:advance(999)
    assert.are.equal("0000", simulation.refresh(subject, second.refreshToken).code)
    clock:advance(1)
    assert.are.same(
      { "0401", "expired_token" },
      outcome(subject, simulation.refresh(subject, second.refreshToken))
    )
  end)

  it("refuses malformed bodies", function()
    local subject = simulation.new()
    assert.are.equal("0003", simulation.post(subject, REFRESH, { refreshToken = 5 }).code)
    assert.are.equal("0001", simulation.post(subject, REFRESH, "{").code)
  end)

  it("has a budget of its own", function()
    local subject = simulation.new { refresh_budget = 2, exchange_budget = 1 }
    local token = simulation.tokens(subject).refreshToken
    assert.are.equal("0000", simulation.refresh(subject, token).code)
    assert.are.equal("0000", simulation.refresh(subject, token).code)
    assert.are.same({ "0429", "budget_exhausted" }, outcome(subject, simulation.refresh(subject, token)))
  end)
end)

describe("echo", function()
  it("tells live tokens from dead ones", function()
    local subject, clock = simulation.new()
    local token = simulation.tokens(subject).accessToken
    clock:advance(7199)
    assert.are.equal(200, simulation.echo(subject, token))
    clock:advance(1)
    assert.are.equal(401, simulation.echo(subject, token))
    assert.are.equal("expired_token", simulation.last(subject).reason)
    assert.are.equal(401, simulation.echo(subject, "nothing"))
    local _, status = simulation.get(subject, "/api/serve/echo")
    assert.are.same({ 401, "no_token" }, { status, simulation.last(subject).reason })
  end)

  it("refuses a revoked token", function()
    local subject = simulation.new()
    local token = simulation.tokens(subject).accessToken
    simulation.post(subject, "/revoke?kind=access", "")
    assert.are.equal(401, simulation.echo(subject, token))
    assert.are.equal("revoked_token", simulation.last(subject).reason)
  end)
end)
