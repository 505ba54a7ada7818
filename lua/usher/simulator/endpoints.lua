-- SPDX-License-Identifier: MIT
-- The provider's own endpoints: exchange, refresh, and one resource that takes only a live access token.

local answers = require "usher.simulator.answers"
local fault_kinds = require "usher.simulator.fault_kinds"
local faults = require "usher.simulator.faults"
local json = require "usher.json"
local ledger = require "usher.simulator.ledger"

local endpoints = {}

-- The JSON body's fields by name, which must be strings that are not empty; nil and an envelope code otherwise.
local function read_fields(request, names)
  local body = json.decode(request.body)
  if type(body) ~= "table" then
    return nil, "0001"
  end
  for _, name in ipairs(names) do
    if type(body[name]) ~= "string" or body[name] == "" then
      return nil, "0003"
    end
  end
  return body
end

local function is_json(request)
  local content_type = request.headers["content-type"] or ""
  return content_type:lower():match "^%s*([^;%s]*)" == "application/json"
end

-- Writes the verdict down and gives the response: an envelope code, and why.
local function refuse(self, kind, code, reason, fields)
  fields.verdict, fields.reason = code, reason
  self.ledger:add(kind, fields)
  return answers.refusal(code)
end

-- What both token endpoints do before they look at a grant: media type, the day's budget, the body's fields.
local function admit(self, kind, request, entry, names)
  if not is_json(request) then
    entry.verdict = "415"
    self.ledger:add(kind, entry)
    return nil, self:infrastructure(415, request.path)
  elseif not self.budgets[kind]:take(self:now()) then
    return nil, refuse(self, kind, "0429", "budget_exhausted", entry)
  end
  local body, code = read_fields(request, names)
  if not body then
    return nil, refuse(self, kind, code, "bad_parameters", entry)
  end
  return body
end

local function in_unit(self, seconds)
  return self.options.expires_unit == "ms" and seconds * 1000 or seconds
end

local function pair_data(self, pair)
  local data =
    { accessToken = pair.access, type = "Bearer", expiresIn = in_unit(self, self.options.access_lifetime) }
  if pair.refresh then
    data.refreshToken, data.refreshExpiresIn = pair.refresh, in_unit(self, self.options.refresh_lifetime)
  end
  return data
end

local function exchange(self, request, entry)
  local body, response = admit(self, "exchange", request, entry, { "clientId", "code" })
  if not body then
    return response
  end
  entry.code, entry.client_id = ledger.fingerprint(body.code), body.clientId
  local pair, reason = self.grants:redeem(body.clientId, body.code, self:now())
  if not pair then
    return refuse(self, "exchange", "0401", reason, entry)
  end
  entry.verdict = "ok"
  entry.access, entry.refresh = ledger.fingerprint(pair.access), ledger.fingerprint(pair.refresh)
  self.ledger:add("exchange", entry)
  return answers.success(pair_data(self, pair))
end

local function refresh(self, request, entry)
  local body, response = admit(self, "refresh", request, entry, { "refreshToken" })
  if not body then
    return response
  end
  entry.refresh = ledger.fingerprint(body.refreshToken)
  local rotates = self.faults:take_mode "rotation" ~= nil
  local pair, reason = self.grants:refresh(body.refreshToken, self:now(), rotates)
  if not pair then
    return refuse(self, "refresh", "0401", reason, entry)
  end
  entry.verdict, entry.access = "ok", ledger.fingerprint(pair.access)
  entry.new_refresh = pair.refresh and ledger.fingerprint(pair.refresh)
  self.ledger:add("refresh", entry)
  return answers.success(pair_data(self, pair))
end

local function fingerprint_of(body, name)
  return type(body[name]) == "string" and ledger.fingerprint(body[name]) or nil
end

-- A request that the provider does not act on: the ledger has it all the same.
local function note_idle(self, kind, request, entry)
  local body = json.decode(request.body)
  if type(body) == "table" then
    entry.code, entry.refresh = fingerprint_of(body, "code"), fingerprint_of(body, "refreshToken")
  end
  entry.verdict = "none"
  self.ledger:add(kind, entry)
end

-- The endpoint with what befalls it.
local function with_faults(kind, act)
  return function(self, request)
    local fault = self.faults:take(kind)
    local entry = { fault = fault and fault.kind, answer = fault and (fault.status or fault.code) }
    if not fault then
      return act(self, request, entry)
    end
    local what, answer = fault_kinds.all[fault.kind], nil
    if what.before then
      what.before(self)
    end
    if faults.lets_act(fault) then
      answer = act(self, request, entry)
    else
      note_idle(self, kind, request, entry)
    end
    return what.answer(fault, answer, self, request)
  end
end

--- POST /auth/api/token/getAccessToken: a code for a token pair.
---@type fun(self: usher.Simulator, request: usher.core.Request): usher.simulator.Answer
endpoints.exchange = with_faults("exchange", exchange)

--- POST /auth/api/token/refreshAccessToken: a refresh token for an access token.
---@type fun(self: usher.Simulator, request: usher.core.Request): usher.simulator.Answer
endpoints.refresh = with_faults("refresh", refresh)

--- GET /api/serve/echo: 200 for a live access token, else 401.
---@param self usher.Simulator
---@param request usher.core.Request
---@return usher.core.Response
function endpoints.echo(self, request)
  local token = (request.headers.authorization or ""):match "^Bearer (%S+)$"
  local good, reason = nil, "no_token"
  if token then
    good, reason = self.grants:check("access", token, self:now())
  end
  local verdict = good and "ok" or "0401"
  self.ledger:add(
    "echo",
    { access = token and ledger.fingerprint(token), verdict = verdict, reason = reason }
  )
  return good and answers.success { query = request.query } or answers.refusal("0401", 401)
end

return endpoints
