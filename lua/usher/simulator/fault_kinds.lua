-- SPDX-License-Identifier: MIT
-- What can go wrong at the provider: for each kind of fault where it may happen, what it can be told, and what becomes
-- of the answer or the push.

local answers = require "usher.simulator.answers"
local json = require "usher.json"

local fault_kinds = {}

---@class usher.simulator.Answer: usher.core.Response
---@field delay? number seconds that the answer takes
---@field error? string the provider is not reached at all: what a transfer tells of it

---@class usher.simulator.FaultKind
---@field what string for people
---@field at table<"exchange"|"refresh"|"push", true>
---@field parameters table<string, {type: string, default: any, least: number?}>
---@field acts? boolean whether the provider acts on the request; nil: as the fault's `commit` says
---@field is_mode? boolean it goes together with other faults, and is asked for by name
---@field before? fun(simulator: usher.Simulator) before the provider acts
---@field answer? usher.simulator.FaultKind.answer
---@field deliver? usher.simulator.FaultKind.deliver

---@alias usher.simulator.FaultKind.answer
---| fun(fault: table, answer: table?, simulator: usher.Simulator, request: table): usher.simulator.Answer

---@alias usher.simulator.FaultKind.deliver
---| fun(fault: table, genuine: usher.simulator.Delivery, forge: fun(id: string): table): usher.simulator.Delivery[]

---@class usher.simulator.Delivery
---@field request usher.core.transfer.Request
---@field code string
---@field delay? number seconds

local TOKENS = { exchange = true, refresh = true }
local ENVELOPE = { code = true, msg = true, data = true, success = true, failed = true }
local PLACEHOLDER = "@odd@"

local function number(default, least)
  return { type = "number", default = default, least = least or 0 }
end

local function text(default)
  return { type = "string", default = default }
end

local COMMIT = { type = "boolean", default = false }

local function plain(content_type, body)
  return { status = 200, headers = { ["content-type"] = content_type }, body = body }
end

-- The answer with a field of the envelope or its data set otherwise; nil removes it.
local function with_field(answer, name, value)
  local body = json.decode(answer.body)
  local holder = not ENVELOPE[name] and type(body.data) == "table" and body.data or body
  holder[name] = value
  answer.body = json.encode(body)
  return answer
end

local function with_delay(delivery, seconds)
  return { request = delivery.request, code = delivery.code, delay = seconds }
end

---@type table<string, usher.simulator.FaultKind>
fault_kinds.all = {
  http = {
    what = "an HTTP error",
    at = TOKENS,
    parameters = { status = number(500), retry_after = text(), commit = COMMIT },
    answer = function(fault, _, simulator, request)
      local answer = simulator:infrastructure(fault.status, request.path)
      answer.headers["retry-after"] = fault.retry_after
      return answer
    end,
  },
  envelope = {
    what = "an error of the envelope, with HTTP 200",
    at = TOKENS,
    parameters = { code = text "0429", commit = COMMIT },
    answer = function(fault)
      return answers.refusal(fault.code)
    end,
  },
  garbage = {
    what = "bytes that are no JSON",
    at = TOKENS,
    parameters = { commit = COMMIT },
    answer = function()
      return plain("text/html", '<html>\0\xff{"code":"0000",')
    end,
  },
  empty = {
    what = "no body",
    at = TOKENS,
    parameters = { commit = COMMIT },
    answer = function()
      return plain("application/json", "")
    end,
  },
  truncated = {
    what = "an answer that breaks off; the provider has acted",
    at = TOKENS,
    parameters = {},
    acts = true,
    answer = function(_, answer)
      answer.body, answer.abort = answer.body:sub(1, #answer.body // 2), true
      return answer
    end,
  },
  missing = {
    what = "an answer without the field",
    at = TOKENS,
    parameters = { field = text "expiresIn" },
    acts = true,
    answer = function(fault, answer)
      return with_field(answer, fault.field, nil)
    end,
  },
  odd = {
    what = "an answer with this text in place of the field's value",
    at = TOKENS,
    parameters = { field = text "expiresIn", value = text "-1" },
    acts = true,
    answer = function(fault, answer)
      answer = with_field(answer, fault.field, PLACEHOLDER)
      local first, last = answer.body:find(json.encode(PLACEHOLDER), 1, true)
      answer.body = answer.body:sub(1, first - 1) .. fault.value .. answer.body:sub(last + 1)
      return answer
    end,
  },
  hang = {
    what = "no answer for so many seconds, then the connection ends",
    at = TOKENS,
    parameters = { seconds = number(600), commit = COMMIT },
    answer = function(fault)
      return { abort = true, delay = fault.seconds }
    end,
  },
  slow = {
    what = "the answer takes so many seconds",
    at = TOKENS,
    parameters = { seconds = number(5) },
    acts = true,
    answer = function(fault, answer)
      answer.delay = fault.seconds
      return answer
    end,
  },
  close = {
    what = "the connection ends without an answer",
    at = TOKENS,
    parameters = { commit = COMMIT },
    answer = function()
      return { abort = true }
    end,
  },
  unreachable = {
    what = "no connection; on a socket one that ends at once",
    at = TOKENS,
    parameters = {},
    acts = false,
    answer = function()
      return { abort = true, error = "connect_failed" }
    end,
  },
  redirect = {
    what = "a redirect",
    at = TOKENS,
    parameters = { status = number(302), location = text "/elsewhere", commit = COMMIT },
    answer = function(fault)
      return { status = fault.status, headers = { location = fault.location }, body = "" }
    end,
  },
  huge = {
    what = "a success with so many bytes too many",
    at = TOKENS,
    parameters = { bytes = number(1024 * 1024) },
    acts = true,
    answer = function(fault, answer)
      return with_field(answer, "msg", ("x"):rep(fault.bytes))
    end,
  },
  nesting = {
    what = "JSON of that depth",
    at = TOKENS,
    parameters = { depth = number(10000), commit = COMMIT },
    answer = function(fault)
      local data = ("["):rep(fault.depth) .. ("]"):rep(fault.depth)
      return plain("application/json", ('{"code":"0000","data":%s}'):format(data))
    end,
  },
  revoked = {
    what = "all refresh tokens have been revoked",
    at = { refresh = true },
    parameters = {},
    acts = true,
    before = function(simulator)
      simulator.grants:revoke "refresh"
    end,
    answer = function(_, answer)
      return answer
    end,
  },
  rotation = {
    what = "a refresh answers with a new refresh token, and the old one dies",
    at = { refresh = true },
    parameters = {},
    is_mode = true,
  },
  clock_offset = {
    what = "the provider's clock is ahead by so many seconds, and what it has issued that much older",
    at = {},
    parameters = { seconds = number(3600, -math.huge) },
    is_mode = true,
  },
  lost = {
    what = "the push never arrives",
    at = { push = true },
    parameters = {},
    deliver = function()
      return {}
    end,
  },
  late = {
    what = "the push arrives so many seconds late",
    at = { push = true },
    parameters = { seconds = number(90) },
    deliver = function(fault, genuine)
      return { with_delay(genuine, fault.seconds) }
    end,
  },
  doubled = {
    what = "the push arrives twice",
    at = { push = true },
    parameters = {},
    deliver = function(_, genuine)
      return { genuine, with_delay(genuine) }
    end,
  },
  forged = {
    what = "before the push comes one with the right state, a code of nobody and another clientId",
    at = { push = true },
    parameters = { client_id = text "forged" },
    deliver = function(fault, genuine, forge)
      return { forge(fault.client_id), genuine }
    end,
  },
}

--- The kinds' names, sorted.
---@type string[]
fault_kinds.names = {}
for name in pairs(fault_kinds.all) do
  table.insert(fault_kinds.names, name)
end
table.sort(fault_kinds.names)

return fault_kinds
