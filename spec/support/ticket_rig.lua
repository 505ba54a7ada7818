-- SPDX-License-Identifier: MIT
-- A provider script of pushed tickets, the simulated platform that it is for, and what one makes of the other's words.

local core = require "usher.core"
local fake_clock = require "spec.support.fake_clock"
local platform = require "usher.simulator.platform"
local wire = require "usher.simulator.wire"

local ticket_rig = {}

local TicketRig = {}
TicketRig.__index = TicketRig

local KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

-- provider script -> its configuration for the simulated platform
local CONFIGS = {
  wechat_platform = function(options)
    return {
      app_id = options.app_id,
      app_secret = core.secret.new(options.secret),
      token = core.secret.new(options.token),
      aes_key = core.secret.new(options.key),
    }
  end,
  wecom_suite = function(options)
    return {
      suite_id = options.app_id,
      suite_secret = core.secret.new(options.secret),
      token = core.secret.new(options.token),
      aes_key = core.secret.new(options.key),
      corp_id = options.corp_id,
    }
  end,
  lark = function(options)
    return {
      app_id = options.app_id,
      app_secret = core.secret.new(options.secret),
      verification_token = core.secret.new(options.token),
      encrypt_key = core.secret.new(options.key),
    }
  end,
  dingtalk_suite = function(options)
    return {
      suite_key = options.app_id,
      suite_secret = core.secret.new(options.secret),
      token = core.secret.new(options.token),
      aes_key = core.secret.new(options.key),
    }
  end,
}

--- The names of the scripts, and of the dialects that speak to them.
ticket_rig.DIALECTS =
  { wechat_platform = "wechat", wecom_suite = "wecom", lark = "lark", dingtalk_suite = "dingtalk" }

--- What the script's functions are told.
function TicketRig:context(changes)
  local context = { now = math.floor(self.clock:wall()), random = core.random.bytes }
  for name, value in pairs(changes or {}) do
    context[name] = value
  end
  return context
end

--- What the platform pushes now, by what it is: check, ticket, tenant.
---@return table<string, usher.simulator.Delivery> deliveries each with `received`, as a listener would give it
function TicketRig:push()
  local _, _, deliveries = self.platform:push()
  local by_name = {}
  for _, delivery in ipairs(deliveries) do
    delivery.received = wire.received(delivery.request)
    by_name[delivery.what] = delivery
  end
  return by_name
end

--- What the script reads from a callback, if that is for the account.
function TicketRig:read(received, config)
  config = config or self.config
  local key, err = self.script.request_key(received)
  if not key then
    return nil, err or { code = "bad_request" }
  elseif key ~= self.script.account_key(config) then
    return nil, { code = "forbidden", message = "not a genuine push" }
  end
  return self.script.read_callback(received, config, self:context())
end

--- Whether the reply is what the platform waits for.
function TicketRig.is_pleased(_, delivery, push)
  local reply = type(push.reply) == "table" and push.reply or { status = 200, body = push.reply }
  return delivery.accepts { status = reply.status, headers = reply.headers or {}, body = reply.body }
end

--- What the script makes of the platform's answer to a request.
---@return string class
---@return table? answer
---@return string? code
function TicketRig:ask(request, kind)
  local response = assert(self.platform:perform(request))
  local class, code = self.script.classify(response, kind, self.config)
  return class, class == "ok" and self.script.read_tokens(response, self.config, kind) or nil, code
end

---@param name string of the script
---@param options? table of the platform, besides
---@return table rig has `script`, `config`, `platform`, `clock`
function ticket_rig.new(name, options)
  local clock = fake_clock.new(1700000000)
  local merged = {
    provider = ticket_rig.DIALECTS[name],
    clock = clock,
    callback = "http://127.0.0.1:8080/callback",
    key = KEY,
    tenants = { "tenant-1" },
  }
  for key, value in pairs(options or {}) do
    merged[key] = value
  end
  local self = { script = require("usher.provider." .. name), clock = clock, platform = platform.new(merged) }
  self.config = CONFIGS[name](self.platform.options)
  return setmetatable(self, TicketRig)
end

return ticket_rig
