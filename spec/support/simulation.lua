-- SPDX-License-Identifier: MIT
-- A simulator on a fake clock, and the requests that a client would send it.

local fake_clock = require "spec.support.fake_clock"
local json = require "usher.json"
local simulator = require "usher.simulator"

local simulation = {}

--- A repeatable simulator and its clock.
---@param options? table over the simulator's defaults
---@return usher.Simulator
---@return usher.Clock
function simulation.new(options)
  local clock = fake_clock.new()
  local merged = { api_key = "sk-spec", clock = clock, random = simulator.seeded(1) }
  for name, value in pairs(options or {}) do
    merged[name] = value
  end
  return simulator.new(merged), clock
end

--- The decoded body and the status of the answer.
function simulation.post(subject, path, body, content_type)
  local response = assert(subject:perform {
    method = "POST",
    url = "http://simulator" .. path,
    headers = { ["Content-Type"] = content_type or "application/json" },
    body = type(body) == "string" and body or json.encode(body),
  })
  return json.decode(response.body), response.status
end

function simulation.exchange(subject, code, client_id)
  return simulation.post(subject, "/auth/api/token/getAccessToken", {
    clientId = client_id or subject.options.client_id,
    code = code,
  })
end

function simulation.refresh(subject, refresh_token)
  return simulation.post(subject, "/auth/api/token/refreshAccessToken", { refreshToken = refresh_token })
end

function simulation.get(subject, path, headers)
  local response =
    assert(subject:perform { method = "GET", url = "http://simulator" .. path, headers = headers })
  return response.body, response.status
end

--- The status that an access token gets.
function simulation.echo(subject, access_token)
  local _, status = simulation.get(subject, "/api/serve/echo", { Authorization = "Bearer " .. access_token })
  return status
end

--- Pushes a code and redeems it: the answer's data.
function simulation.tokens(subject)
  local _, code = subject:push()
  return simulation.exchange(subject, code).data
end

--- The last ledger entry.
function simulation.last(subject)
  local entries = subject.ledger:after()
  return entries[#entries]
end

return simulation
