-- SPDX-License-Identifier: MIT
-- The simulator's own routes, for tests and people: what it knows, and what it can be made to do.

local answers = require "usher.simulator.answers"
local faults = require "usher.simulator.faults"
local json = require "usher.json"
local ledger = require "usher.simulator.ledger"
local query = require "usher.model.query"

local inspection = {}

local PAGE = 1000

local function parameter(request, name)
  local parameters = query.parse(request.query)
  return parameters and parameters:get(name)
end

--- GET /ledger[?after=NUMBER]: at most 1,000 entries as lines of JSON.
---@param self usher.Simulator
---@param request usher.core.Request
---@return usher.core.Response
function inspection.ledger(self, request)
  local lines = {}
  for index, entry in ipairs(self.ledger:after(math.tointeger(parameter(request, "after")), PAGE)) do
    lines[index] = ledger.line(entry)
  end
  return { status = 200, headers = { ["content-type"] = "application/jsonl" }, body = table.concat(lines) }
end

local function budget_state(self, kind)
  return { limit = self.budgets[kind].limit, used = self.budgets[kind]:used(self:now()) }
end

--- GET /state: counts, the current code's fingerprint, budgets.
---@param self usher.Simulator
---@return usher.core.Response
function inspection.state(self)
  local code, now = self.grants:current_code(), self:now()
  return answers.plain {
    client_id = self.options.client_id,
    code = code and ledger.fingerprint(code) or json.null,
    live_tokens = { access = self.grants:live("access", now), refresh = self.grants:live("refresh", now) },
    budgets = { exchange = budget_state(self, "exchange"), refresh = budget_state(self, "refresh") },
    pushes = self.ledger:count "push",
    exchanges = { ok = self.ledger:count("exchange", "ok"), all = self.ledger:count "exchange" },
    refreshes = { ok = self.ledger:count("refresh", "ok"), all = self.ledger:count "refresh" },
  }
end

--- POST /revoke[?kind=access|refresh]: revokes all tokens of the kind, default refresh.
---@param self usher.Simulator
---@param request usher.core.Request
---@return usher.core.Response
function inspection.revoke(self, request)
  local kind = parameter(request, "kind") == "access" and "access" or "refresh"
  local count = self.grants:revoke(kind)
  self.ledger:add("revoke", { tokens = kind, count = count })
  return answers.plain { revoked = count }
end

--- GET /faults: those that are set.
---@param self usher.Simulator
---@return usher.core.Response
function inspection.faults(self)
  return answers.plain { faults = json.array(self.faults:list()) }
end

--- POST /faults: sets one, a JSON object as of simulator/faults.lua.
---@param self usher.Simulator
---@param request usher.core.Request
---@return usher.core.Response
function inspection.add_fault(self, request)
  local description, err = json.decode(request.body)
  local fault, reason
  if type(description) == "table" then
    fault, reason = faults.read(description)
  end
  if not fault then
    return answers.plain(
      { error = "bad_fault", error_description = reason or err and err.message or "no object" },
      400
    )
  end
  self.faults:add(fault)
  return inspection.faults(self)
end

--- DELETE /faults[?endpoint=exchange|refresh|push]: clears them.
---@param self usher.Simulator
---@param request usher.core.Request
---@return usher.core.Response
function inspection.clear_faults(self, request)
  self.faults:clear(parameter(request, "endpoint"))
  return inspection.faults(self)
end

return inspection
