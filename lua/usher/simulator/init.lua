-- SPDX-License-Identifier: MIT
-- A stand-in for Memories.ai, as strict as its pages: requests in, responses out, codes to push. Opens no socket; the
-- clock and the source of codes and tokens are passed in, so that it serves in a simulation as well as behind a
-- listener.

local answers = require "usher.simulator.answers"
local core = require "usher.core"
local endpoints = require "usher.simulator.endpoints"
local fault_kinds = require "usher.simulator.fault_kinds"
local faults = require "usher.simulator.faults"
local grants = require "usher.simulator.grants"
local inspection = require "usher.simulator.inspection"
local ledger = require "usher.simulator.ledger"
local push = require "usher.simulator.push"
local rolling_budget = require "usher.simulator.rolling_budget"
local wire = require "usher.simulator.wire"

local simulator = {}

---@class usher.simulator.options
---@field api_key string
---@field clock usher.Clock
---@field callback? string URL that codes are pushed to
---@field method? "GET"|"POST" of the pushes
---@field client_id? string
---@field client_id_encoding? "percent"|"raw"|"form"|"spaced"
---@field push_interval? number seconds
---@field access_lifetime? integer seconds
---@field refresh_lifetime? integer seconds
---@field expires_unit? "s"|"ms"
---@field exchange_budget? integer requests in 24 hours
---@field refresh_budget? integer
---@field random? fun(count: integer): string bytes; `simulator.seeded` makes a run repeatable
---@field on_entry? fun(entry: table) gets each ledger entry

--- What an option is where it is not given: the provider's own figures.
simulator.defaults = {
  callback = "http://127.0.0.1:8080/callback",
  method = "GET",
  client_id = "myxjDRvjN+osYha2DxNAuVlYVnpY26BU2pPJdCyVzJU=",
  client_id_encoding = "percent",
  push_interval = 600,
  access_lifetime = 2 * 3600,
  refresh_lifetime = 60 * 24 * 3600,
  expires_unit = "s",
  exchange_budget = 50,
  refresh_budget = 500,
}

--- How a push may write `clientId`.
simulator.client_id_encodings = push.encodings

--- What stands in the ledger for a code or token.
simulator.fingerprint = ledger.fingerprint

--- A fault as people write it, for `faults:add`: see simulator/faults.lua.
simulator.parse_fault = faults.parse

--- The kinds of faults: see simulator/fault_kinds.lua.
simulator.fault_kinds = fault_kinds

--- A ledger entry as a line of JSON.
simulator.line = ledger.line

---@class usher.Simulator
---@field options table
---@field grants usher.simulator.Grants
---@field ledger usher.simulator.Ledger
---@field budgets table<"exchange"|"refresh", usher.simulator.Budget>
---@field faults usher.simulator.Faults
local Simulator = {}
Simulator.__index = Simulator
Simulator.__name = "usher.simulator"

-- Path -> method -> what answers.
local ROUTES = {
  ["/auth/api/token/getAccessToken"] = { POST = endpoints.exchange },
  ["/auth/api/token/refreshAccessToken"] = { POST = endpoints.refresh },
  ["/api/serve/echo"] = { GET = endpoints.echo },
  ["/ledger"] = { GET = inspection.ledger },
  ["/state"] = { GET = inspection.state },
  ["/revoke"] = { POST = inspection.revoke },
  ["/faults"] = { GET = inspection.faults, POST = inspection.add_fault, DELETE = inspection.clear_faults },
}

--- The provider's time in seconds: lifetimes and budgets go by it, and no step of the wall clock moves it.
---@return number
function Simulator:now()
  return self._clock:boot() + self.faults:clock_offset()
end

--- What the provider's infrastructure answers in the application's place.
---@param status integer
---@param path string
---@return usher.core.Response
function Simulator:infrastructure(status, path)
  self._requests = self._requests + 1
  return answers.infrastructure(
    status,
    path,
    self._clock:wall() + self.faults:clock_offset(),
    ("%08x-%d"):format(self._requests, self._requests)
  )
end

local function refuse(self, request, status)
  self.ledger:add("refused", { method = request.method, path = request.path, status = status })
  return self:infrastructure(status, request.path)
end

--- The response to a request.
---@param request usher.core.Request
---@return usher.simulator.Answer
function Simulator:handle(request)
  local route = ROUTES[request.path]
  if not route then
    return refuse(self, request, 404)
  elseif not route[request.method] then
    return refuse(self, request, 405)
  end
  return route[request.method](self, request)
end

--- Answers a transfer's request without a network: what `core.transfer.perform` would give. Waits where the answer
--- takes its time.
---@param request usher.core.transfer.Request
---@return usher.core.transfer.Response? response
---@return (usher.Error|{sent: boolean})? err
function Simulator:perform(request)
  return wire.perform(function(received)
    return self:handle(received)
  end, self._clock, request)
end

local function forge(self, client_id)
  local options = setmetatable({ client_id = client_id }, { __index = self.options })
  local code = self._new_text()
  return { request = push.request(options, code), code = code }
end

--- Issues a code, which ends the one before it, and gives the request that pushes it.
---@return usher.core.transfer.Request request
---@return string code
---@return usher.simulator.Delivery[] deliveries what reaches the receiver instead, as faults have it
function Simulator:push()
  local code, fault = self.grants:issue_code(), self.faults:take "push"
  self.ledger:add("push", { code = ledger.fingerprint(code), fault = fault and fault.kind })
  local request = push.request(self.options, code)
  if not fault then
    return request, code, { { request = request, code = code } }
  end
  local deliver = fault_kinds.all[fault.kind].deliver
  return request,
    code,
    deliver(fault, { request = request, code = code }, function(client_id)
      return forge(self, client_id)
    end)
end

--- Writes down what became of a push.
---@param code string
---@param response usher.core.transfer.Response?
---@param err usher.Error?
function Simulator:note_delivery(code, response, err)
  self.ledger:add("delivery", {
    code = ledger.fingerprint(code),
    status = response and response.status,
    error = err and err.code,
  })
end

--- A source of bytes that gives the same ones for the same seed.
---@param seed integer|string
---@return fun(count: integer): string
function simulator.seeded(seed)
  local block, bytes = 0, ""
  return function(count)
    while #bytes < count do
      block = block + 1
      bytes = bytes .. core.digest.sha256(("usher.simulator:%s:%d"):format(seed, block))
    end
    local taken = bytes:sub(1, count)
    bytes = bytes:sub(count + 1)
    return taken
  end
end

local function with_defaults(options)
  local merged = {}
  for name, value in pairs(simulator.defaults) do
    merged[name] = value
  end
  for name, value in pairs(options) do
    merged[name] = value
  end
  return merged
end

--- A simulator. It pushes nothing by itself.
---@param options usher.simulator.options
---@return usher.Simulator
function simulator.new(options)
  assert(type(options.api_key) == "string", "simulator.new: api_key must be a string")
  assert(options.clock, "simulator.new: clock is missing")
  local merged = with_defaults(options)
  local random = options.random or core.random.bytes
  local function new_text()
    return core.encoding.base64url_encode(assert(random(24)))
  end
  return setmetatable({
    options = merged,
    faults = faults.new(),
    grants = grants.new {
      client_id = merged.client_id,
      lifetimes = { access = merged.access_lifetime, refresh = merged.refresh_lifetime },
      new_text = new_text,
    },
    ledger = ledger.new { clock = options.clock, on_entry = options.on_entry },
    budgets = {
      exchange = rolling_budget.new(merged.exchange_budget),
      refresh = rolling_budget.new(merged.refresh_budget),
    },
    _clock = options.clock,
    _new_text = new_text,
    _requests = 0,
  }, Simulator)
end

return simulator
