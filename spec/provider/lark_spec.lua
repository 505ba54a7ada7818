-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local json = require "usher.json"
local message_crypto = require "usher.model.message_crypto"
local ticket_cases = require "spec.support.ticket_cases"
local ticket_rig = require "spec.support.ticket_rig"

local TOKEN = "token-simulated"

-- An event as Lark sends it: encrypted and signed, or one of these not, or neither.
local function event(rig, fields, options)
  options = options or {}
  local key, timestamp = rig.config.encrypt_key, ("%d"):format(rig.clock:wall())
  local body, headers = json.encode(fields), {}
  if not options.is_plain then
    body = json.encode { encrypt = message_crypto.lark_encrypt(key, body, ("i"):rep(16)) }
  end
  if not options.is_unsigned then
    headers["x-lark-request-timestamp"], headers["x-lark-request-nonce"] = timestamp, "n"
    headers["x-lark-signature"] = message_crypto.lark_signature(key, timestamp, "n", body)
  end
  return { method = "POST", query = "", headers = headers, body = body }
end

local function ticket_event(changes)
  local fields = {
    ts = "1700000000.0",
    uuid = "u-1",
    token = TOKEN,
    type = "event_callback",
    event = { app_id = "cli_simulated", app_ticket = "t", type = "app_ticket" },
  }
  for name, value in pairs(changes or {}) do
    fields[name] = value
  end
  return fields
end

describe("lark", function()
  ticket_cases.declare(it, "lark")
  ticket_cases.declare_numbers(it, "lark", "code", {
    { 10012, "credential", "an invalid ticket" },
    { 10014, "configuration", "an app that is unknown or disabled, or an invalid secret" },
    { 10015, "configuration", "a wrong secret" },
    { 99991401, "configuration", "an address that is not listed" },
    { 99991663, "parent", "an invalid token of a tenant" },
    { 99991664, "parent", "an invalid token of the app" },
    { 99991671, "parent", "a token of the wrong form" },
    { 99991400, "budget", "too many calls" },
    { 10003, "retryable", "an invalid parameter" },
    { 10013, "retryable", "a tenant's token that cannot be had" },
  })

  it("knows a limit by its status too", function()
    local body = '{"code":99991400,"msg":"request trigger frequency limit"}'
    for _, status in ipairs { 429, 400 } do
      assert.are.equal("budget", (ticket_rig.new("lark").script.classify { status = status, body = body }))
    end
  end)

  it("answers the check of the URL, which is encrypted and not signed", function()
    local rig = ticket_rig.new "lark"
    local check = rig:push().check
    local push = assert(rig:read(check.received))
    assert.is_nil(push.credential)
    assert.is_true(rig:is_pleased(check, push))
  end)

  it("takes nothing else that is not signed, encrypted and of the right token", function()
    local rig = ticket_rig.new "lark"
    local function code(fields, options)
      local push, err = rig:read(event(rig, fields, options))
      return push and "ok" or err.code
    end
    assert.are.equal("ok", code(ticket_event()))
    assert.are.equal("forbidden", code(ticket_event(), { is_unsigned = true }))
    assert.are.equal("forbidden", code(ticket_event(), { is_plain = true }))
    assert.are.equal("forbidden", code(ticket_event(), { is_plain = true, is_unsigned = true }))
    assert.are.equal("forbidden", code(ticket_event { token = "another" }))
    local check = { type = "url_verification", challenge = "c", token = TOKEN }
    assert.are.equal("ok", code(check, { is_unsigned = true }))
    assert.are.equal("ok", code(check))
    assert.are.equal("forbidden", code(check, { is_unsigned = true, is_plain = true }))
    check.token = "another"
    assert.are.equal("forbidden", code(check, { is_unsigned = true }))
  end)

  it("takes plain events where no Encrypt Key is set, by their token", function()
    local rig = ticket_rig.new "lark"
    local encrypted = event(rig, ticket_event())
    rig.config.encrypt_key = nil
    local options = { is_unsigned = true, is_plain = true }
    assert.are.equal("t", rig:read(event(rig, ticket_event(), options)).credential)
    local push = rig:read(event(rig, { type = "url_verification", challenge = "c", token = TOKEN }, options))
    assert.are.same({ challenge = "c" }, json.decode(push.reply.body))
    assert.are.equal("forbidden", select(2, rig:read(event(rig, ticket_event { token = "x" }, options))).code)
    assert.are.equal("forbidden", select(2, rig:read(encrypted)).code)
  end)

  it("reads both envelopes, and tells events apart by their id", function()
    local rig = ticket_rig.new "lark"
    local push = rig:read(event(rig, ticket_event()))
    assert.are.same({ "t", "cli_simulated", "u-1" }, { push.credential, push.subject, push.id })
    push = rig:read(event(rig, {
      schema = "2.0",
      header = { event_id = "e-1", token = TOKEN, event_type = "app_ticket", app_id = "cli_simulated" },
      event = { app_ticket = "t2" },
    }))
    assert.are.same({ "t2", "cli_simulated", "e-1" }, { push.credential, push.subject, push.id })
  end)

  it("takes no ticket that does not say whose it is", function()
    local rig = ticket_rig.new "lark"
    local push = rig:read(event(rig, ticket_event { event = { app_ticket = "t", type = "app_ticket" } }))
    assert.are.same({ "t", "" }, { push.credential, push.subject })
  end)

  it("replies to other events, which it does not need", function()
    local rig = ticket_rig.new "lark"
    local push = rig:read(event(rig, ticket_event { event = { type = "message", app_id = "cli_simulated" } }))
    assert.is_nil(push.credential)
    assert.are.same({ msg = "success" }, json.decode(push.reply.body))
  end)

  it("asks for another ticket", function()
    local rig = ticket_rig.new "lark"
    local asked = 0
    function rig.platform.request_push()
      asked = asked + 1
    end
    assert.are.equal("ok", (rig:ask(rig.script.nudge(rig.config), "nudge")))
    assert.are.equal(1, asked)
  end)

  it("derives a tenant's token", function()
    local rig = ticket_rig.new "lark"
    local _, parent = rig:ask(rig.script.exchange(rig.config, rig:push().ticket.code), "exchange")
    local context = { parent = { access_token = parent.access_token } }
    local function derive(name)
      return rig:ask(rig.script.derive(rig.config, { name = name }, context), "derive")
    end
    local class, answer = derive "tenant-1"
    assert.are.same({ "ok", 7200, nil }, { class, answer.expires_in, answer.refresh_token })
    assert.is_true(rig.platform:left(answer.access_token, "tenant-1") > 0)
    assert.are.equal("retryable", (derive "tenant-2"))
    context.parent.access_token = "dead"
    assert.are.equal("parent", (derive "tenant-1"))
  end)

  it("asks again in the last half hour, when another token is given", function()
    local rig = ticket_rig.new "lark"
    local ticket = rig:push().ticket.code
    local function token()
      return select(2, rig:ask(rig.script.exchange(rig.config, ticket), "exchange"))
    end
    local first = token()
    rig.clock:advance(5300)
    assert.are.same({ access_token = first.access_token, expires_in = 1900 }, token())
    rig.clock:advance(1900 - rig.script.policy.margin)
    assert.are_not.equal(first.access_token, token().access_token)
    assert.is_true(rig.script.policy.margin < 1800)
  end)

  it("speaks to Feishu where that is configured", function()
    local rig = ticket_rig.new "lark"
    assert.matches(
      "^https://open%.larksuite%.com/open%-apis/auth/v3/app_access_token$",
      rig.script.exchange(rig.config, "t").url
    )
    rig.config.base_url = "https://open.feishu.cn"
    assert.matches("^https://open%.feishu%.cn/open%-apis/", rig.script.exchange(rig.config, "t").url)
  end)
end)
