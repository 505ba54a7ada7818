-- SPDX-License-Identifier: MIT
-- The provider's own endpoints: exchange, refresh, and one resource that takes only a live access token.

local answers = require "usher.simulator.answers"
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
local function admit(self, kind, request, names)
  if not is_json(request) then
    self.ledger:add(kind, { verdict = "415" })
    return nil, self:infrastructure(415, request.path)
  elseif not self.budgets[kind]:take(self:now()) then
    return nil, refuse(self, kind, "0429", "budget_exhausted", {})
  end
  local body, code = read_fields(request, names)
  if not body then
    return nil, refuse(self, kind, code, "bad_parameters", {})
  end
  return body
end

local function in_unit(self, seconds)
  return self.options.expires_unit == "ms" and seconds * 1000 or seconds
end

local function access_data(self, token)
  return { accessToken = token, type = "Bearer", expiresIn = in_unit(self, self.options.access_lifetime) }
end

--- POST /auth/api/token/getAccessToken: a code for a token pair.
---@param self usher.Simulator
---@param request usher.core.Request
---@return usher.core.Response
function endpoints.exchange(self, request)
  local body, response = admit(self, "exchange", request, { "clientId", "code" })
  if not body then
    return response
  end
  local entry = { code = ledger.fingerprint(body.code), client_id = body.clientId }
  local pair, reason = self.grants:redeem(body.clientId, body.code, self:now())
  if not pair then
    return refuse(self, "exchange", "0401", reason, entry)
  end
  entry.verdict = "ok"
  entry.access, entry.refresh = ledger.fingerprint(pair.access), ledger.fingerprint(pair.refresh)
  self.ledger:add("exchange", entry)
  local data = access_data(self, pair.access)
  data.refreshToken = pair.refresh
  data.refreshExpiresIn = in_unit(self, self.options.refresh_lifetime)
  return answers.success(data)
end

--- POST /auth/api/token/refreshAccessToken: a refresh token for an access token.
---@param self usher.Simulator
---@param request usher.core.Request
---@return usher.core.Response
function endpoints.refresh(self, request)
  local body, response = admit(self, "refresh", request, { "refreshToken" })
  if not body then
    return response
  end
  local entry = { refresh = ledger.fingerprint(body.refreshToken) }
  local token, reason = self.grants:refresh(body.refreshToken, self:now())
  if not token then
    return refuse(self, "refresh", "0401", reason, entry)
  end
  entry.verdict, entry.access = "ok", ledger.fingerprint(token)
  self.ledger:add("refresh", entry)
  return answers.success(access_data(self, token))
end

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
