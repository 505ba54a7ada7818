-- SPDX-License-Identifier: MIT
-- One account whose provider has a person decide, in keeper specs.

local one_account = require "spec.support.one_account"
local planner = require "usher.keeper.planner"

local consent_rig = {}

--- The provider answers everything with the token "a".
---@param begun? table what the script's `authorize` gives
---@param changes? table further fields of the script
---@return spec.OneAccount
function consent_rig.new(begun, changes)
  local provider = {
    authorize = function(_, context)
      assert(context.callback_url == "http://127.0.0.1:8080/callback")
      return begun
    end,
    poll = function(_, pending)
      return { method = "POST", url = "https://as/poll", body = pending.device_code }
    end,
  }
  for name, value in pairs(changes or {}) do
    provider[name] = value
  end
  local rig = one_account.new { provider = provider }
  rig.respond = function()
    return one_account.success "a"
  end
  planner.consider(rig.keeper, rig.account)
  return rig
end

--- Stops the keeper: nothing is left behind.
---@param rig spec.OneAccount
function consent_rig.close(rig)
  rig.keeper:stop()
  rig.clock:advance(0)
  assert(rig.clock:armed() == 0, "a timer is left")
  assert(next(rig.keeper.authorizations) == nil, "an authorization is left")
end

--- Has the account authorized.
---@param rig spec.OneAccount
---@return table? prompt
---@return string? code of the error
function consent_rig.authorize(rig)
  local box = rig:run(rig.keeper.authorize, rig.keeper, "acme")
  assert(box.is_done)
  return box.value, box.err and box.err.code
end

--- How the authorization stands.
---@param rig spec.OneAccount
---@return table shown
function consent_rig.shown(rig)
  return rig:run(rig.keeper.authorization, rig.keeper, "acme").value
end

--- Its status, and the code of its failure.
---@param rig spec.OneAccount
---@return string status
---@return string? code
function consent_rig.outcome_of(rig)
  local view = consent_rig.shown(rig)
  return view.status, view.failure and view.failure.code
end

--- The last words of the URLs that were asked.
---@param rig spec.OneAccount
---@return string
function consent_rig.urls(rig)
  local list = {}
  for index, request in ipairs(rig.requests) do
    list[index] = request.url:match "[^/]+$"
  end
  return table.concat(list, " ")
end

return consent_rig
