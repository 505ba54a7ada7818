-- SPDX-License-Identifier: MIT
-- A stand-in for a platform that pushes tickets, as strict as its pages: what all of them do alike. A dialect knows how
-- one of them writes it. Opens no socket, like the simulator of Memories.ai.

local answers = require "usher.simulator.answers"
local core = require "usher.core"
local inspection = require "usher.simulator.inspection"
local json_request = require "usher.model.json_request"
local ledger = require "usher.simulator.ledger"
local query = require "usher.model.query"
local wire = require "usher.simulator.wire"

local platform = {}

local REPLY_MS = 1000 -- the quickest of them waits no longer

---@class usher.simulator.Delivery
---@field request usher.core.transfer.Request
---@field code string what is pushed
---@field what string ticket, check or tenant
---@field accepts fun(response: usher.core.transfer.Response): boolean whether the reply is the one that is wanted

---@class usher.simulator.Route
---@field kind string for the ledger
---@field fields string[] of the body: texts that must be there
---@field answer fun(self: usher.simulator.Platform, body: table, parameters: usher.Query): table, string? with why not

---@class usher.simulator.Dialect
---@field defaults table of the options
---@field routes table<string, usher.simulator.Route> by path
---@field refusal table what is answered where a field is missing
---@field ticket fun(self, ticket: string): usher.core.transfer.Request
---@field check? fun(self, challenge: string): usher.core.transfer.Request, fun(response): boolean
---@field tenant? fun(self, name: string, code: string): usher.core.transfer.Request
---@field accepts fun(self, response): boolean

---@class usher.simulator.Platform
---@field options table
---@field ledger usher.simulator.Ledger
---@field request_push fun() has a ticket pushed soon
local Platform = {}
Platform.__index = Platform
Platform.__name = "usher.simulator.platform"

-- what dialects use -----------------------------------------------------------------------------------

--- The platform's time in seconds, which no step of the wall clock moves.
---@return number
function Platform:now()
  return self._clock:boot()
end

--- A new text, never the same twice.
---@return string
function Platform:new_text()
  return core.encoding.base64url_encode(assert(self._random(24)))
end

--- The time, a nonce and a block of bytes, for a message.
---@return {timestamp: string, nonce: string, random: string}
function Platform:stamp()
  return {
    timestamp = ("%d"):format(math.floor(self._clock:wall())),
    nonce = core.encoding.hex_encode(assert(self._random(6))),
    random = assert(self._random(16)),
  }
end

--- The receiver's URL with parameters.
---@param parameters {[1]: string, [2]: string}[]
---@return string
function Platform:url(parameters)
  local parts = {}
  for index, parameter in ipairs(parameters) do
    parts[index] = parameter[1] .. "=" .. core.encoding.percent_encode(parameter[2])
  end
  local callback = self.options.callback
  return callback .. (callback:find("?", 1, true) and "&" or "?") .. table.concat(parts, "&")
end

--- Why a ticket is not accepted; nil: it is.
---@param ticket string
---@return "unknown_ticket"|"expired_ticket"|nil
function Platform:ticket_fault(ticket)
  local issued_at = self._tickets[ticket]
  if not issued_at then
    return "unknown_ticket"
  end
  return self:now() - issued_at > self.options.ticket_lifetime and "expired_ticket" or nil
end

--- A new access token.
---@param of string "platform", or the tenant's name
---@return string token
function Platform:issue(of)
  local token = self:new_text()
  self._tokens[token] = { of = of, expires_at = self:now() + self.options.access_lifetime }
  self._newest[of] = token
  return token
end

--- Seconds that a token lives on; nil: it does not.
---@param token? string
---@param of string "platform", or the tenant's name
---@return number?
function Platform:left(token, of)
  local entry = token and self._tokens[token]
  local left = entry and entry.of == of and entry.expires_at - self:now()
  return left and left > 0 and left or nil
end

--- The newest token, where it lives so much longer, else a new one.
---@param of string "platform", or the tenant's name
---@param least number seconds
---@return string token
---@return number left seconds
function Platform:repeat_or_issue(of, least)
  local left = self:left(self._newest[of], of)
  if left and left >= least then
    return self._newest[of], left
  end
  return self:issue(of), self.options.access_lifetime
end

--- Whether somebody has authorized the app.
---@param name string
---@return boolean
function Platform:has_tenant(name)
  for _, tenant in ipairs(self.options.tenants or {}) do
    if tenant == name then
      return true
    end
  end
  return false
end

--- Who is authorized under this code, once.
---@param code string
---@return string? tenant
function Platform:redeem(code)
  local tenant = self._codes[code]
  self._codes[code] = nil
  return tenant
end

-- answering -------------------------------------------------------------------------------------------

local function echo(self, request)
  local token = (request.headers.authorization or ""):match "^Bearer (%S+)$"
  local entry = token and self._tokens[token]
  local good = entry and entry.expires_at > self:now()
  self.ledger:add("echo", { verdict = good and "ok" or "dead_token", of = entry and entry.of })
  return answers.plain({ of = good and entry.of }, good and 200 or 401)
end

local function revoke(self)
  self._tokens, self._newest = {}, {}
  self.ledger:add("revoke", {})
  return answers.plain {}
end

local function authorize(self, request)
  local parameters = query.parse(request.query)
  local tenant = parameters and parameters:get "tenant"
  if not tenant or not self._dialect.tenant then
    return answers.plain({}, 400)
  end
  table.insert(self._unauthorized, tenant)
  self.request_push()
  return answers.plain {}
end

-- The platform's own routes, for tests and people.
local OWN = {
  ["GET /ledger"] = inspection.ledger,
  ["GET /echo"] = echo,
  ["POST /revoke"] = revoke,
  ["POST /authorize"] = authorize,
}

local function has_fields(body, fields)
  for _, name in ipairs(fields) do
    if type(body[name]) ~= "string" or body[name] == "" then
      return false
    end
  end
  return true
end

local function answer(self, route, request)
  local body, parameters = json_request.object(request.body), query.parse(request.query)
  local fields, reason = self._dialect.refusal, "bad_parameters"
  if body and parameters and has_fields(body, route.fields) then
    fields, reason = route.answer(self, body, parameters)
  end
  self.ledger:add(route.kind, { verdict = reason or "ok" })
  return answers.plain(fields)
end

--- The response to a request.
---@param request usher.core.Request
---@return usher.simulator.Answer
function Platform:handle(request)
  local own, route = OWN[request.method .. " " .. request.path], self._dialect.routes[request.path]
  if own then
    return own(self, request)
  elseif route and request.method == "POST" then
    return answer(self, route, request)
  end
  local status = route and 405 or 404
  self.ledger:add("refused", { method = request.method, path = request.path, status = status })
  return answers.plain({}, status)
end

--- Answers a transfer's request without a network: what `core.transfer.perform` would give. Waits where it must.
---@param request usher.core.transfer.Request
---@return usher.core.transfer.Response? response
---@return (usher.Error|{sent: boolean})? err
function Platform:perform(request)
  return wire.perform(function(received)
    return self:handle(received)
  end, self._clock, request)
end

-- pushing ---------------------------------------------------------------------------------------------

local function add(self, deliveries, what, code, request, accepts)
  request.timeout_ms = REPLY_MS
  local delivery = { what = what, code = code, request = request }
  delivery.accepts = accepts or function(response)
    return self._dialect.accepts(self, response)
  end
  self._pending[code] = delivery
  self.ledger:add("push", { code = ledger.fingerprint(code), what = what })
  table.insert(deliveries, delivery)
  return request
end

--- Issues a ticket, and gives the request that pushes it.
---@return usher.core.transfer.Request request
---@return string ticket
---@return usher.simulator.Delivery[] deliveries all that is pushed now: the check of the URL too, and who authorized
function Platform:push()
  local deliveries, dialect = {}, self._dialect
  if dialect.check and not self._is_checked then
    self._is_checked = true
    local challenge = self:new_text()
    add(self, deliveries, "check", challenge, dialect.check(self, challenge))
  end
  local ticket = self:new_text()
  self._tickets[ticket] = self:now()
  self.ticket = ticket
  local request = add(self, deliveries, "ticket", ticket, dialect.ticket(self, ticket))
  for _, tenant in ipairs(self._unauthorized) do
    local code = self:new_text()
    self._codes[code] = tenant
    add(self, deliveries, "tenant", code, dialect.tenant(self, tenant, code))
  end
  self._unauthorized = {}
  return request, ticket, deliveries
end

--- Writes down what became of a push.
---@param code string
---@param response usher.core.transfer.Response?
---@param err usher.Error?
function Platform:note_delivery(code, response, err)
  local delivery = self._pending[code]
  self._pending[code] = nil
  self.ledger:add("delivery", {
    code = ledger.fingerprint(code),
    what = delivery.what,
    status = response and response.status,
    error = err and err.code,
    verdict = response and delivery.accepts(response) and "ok" or "refused",
  })
end

--- The platforms there are, by the name that `usher simulate --provider` takes.
---@type table<string, usher.simulator.Dialect>
platform.dialects = {
  wechat = require "usher.simulator.platform.wechat",
  wecom = require "usher.simulator.platform.wecom",
  lark = require "usher.simulator.platform.lark",
  dingtalk = require "usher.simulator.platform.dingtalk",
}

--- What an option is where neither it nor the dialect says.
platform.defaults = {
  callback = "http://127.0.0.1:8080/callback",
  access_lifetime = 7200,
  secret = "secret-simulated",
  token = "token-simulated",
  key = ("k"):rep(43),
}

---@class usher.simulator.platform.options
---@field provider string one of `platform.dialects`
---@field clock usher.Clock
---@field callback? string URL that tickets are pushed to
---@field app_id? string of the app or suite
---@field secret? string its secret
---@field token? string that messages are signed with
---@field key? string that messages are encrypted with
---@field push_interval? number seconds
---@field ticket_lifetime? number seconds
---@field access_lifetime? integer seconds
---@field tenants? string[] who has authorized the app
---@field random? fun(count: integer): string
---@field on_entry? fun(entry: table) gets each ledger entry

--- A platform. It pushes nothing by itself.
---@param options usher.simulator.platform.options
---@return usher.simulator.Platform
function platform.new(options)
  local dialect = assert(platform.dialects[options.provider], "platform.new: an unknown provider")
  local merged = {}
  for _, source in ipairs { platform.defaults, dialect.defaults, options } do
    for name, value in pairs(source) do
      merged[name] = value
    end
  end
  return setmetatable({
    options = merged,
    ledger = ledger.new { clock = options.clock, on_entry = options.on_entry },
    request_push = function() end,
    refresh_tokens = {}, -- token -> tenant
    _clock = options.clock,
    _dialect = dialect,
    _random = options.random or core.random.bytes,
    _tickets = {}, -- ticket -> when it was issued
    _tokens = {}, -- token -> { of, expires_at }
    _newest = {}, -- of -> token
    _codes = {}, -- authorization code -> tenant
    _pending = {}, -- code -> delivery
    _unauthorized = { table.unpack(dialect.tenant and merged.tenants or {}) },
  }, Platform)
end

return platform
