-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local json = require "usher.json"
local message_crypto = require "usher.model.message_crypto"
local ticket_cases = require "spec.support.ticket_cases"
local ticket_rig = require "spec.support.ticket_rig"
local token_set = require "usher.model.token_set"
local xml = require "usher.xml"

local function seal(rig, text, receiver)
  local stamp = { timestamp = ("%d"):format(rig.clock:wall()), nonce = "n", random = ("r"):rep(16) }
  return message_crypto.seal(rig.config, text, receiver, stamp)
end

local function query_of(sealed)
  return ("timestamp=%s&nonce=n&msg_signature=%s"):format(sealed.timestamp, sealed.signature)
end

-- A message of WeCom with these elements.
local function message(rig, elements)
  local sealed = seal(rig, xml.encode("xml", elements), rig.config.suite_id)
  local envelope = { { "ToUserName", rig.config.suite_id }, { "Encrypt", sealed.encrypt } }
  return { method = "POST", query = query_of(sealed), headers = {}, body = xml.encode("xml", envelope) }
end

describe("wecom_suite", function()
  ticket_cases.declare(it, "wecom_suite")
  ticket_cases.declare_numbers(it, "wecom_suite", "errcode", {
    { -1, "retryable", "busy" },
    { 40078, "credential", "an invalid authorization code" },
    { 40085, "credential", "an invalid ticket" },
    { 41023, "credential", "no ticket" },
    { 40084, "refresh_token", "an invalid permanent code" },
    { 40080, "configuration", "an invalid secret" },
    { 40083, "configuration", "an invalid suite" },
    { 60020, "configuration", "an address that is not listed" },
    { 40082, "parent", "an invalid token of the suite" },
    { 42009, "parent", "an expired token of the suite" },
    { 45009, "budget", "too many calls" },
  })

  it("answers the check of the URL with the plain text", function()
    local rig = ticket_rig.new "wecom_suite"
    local check = rig:push().check
    local push = assert(rig:read(check.received))
    assert.are.same({ reply = { status = 200, body = check.code } }, push)
    assert.is_true(rig:is_pleased(check, push))
  end)

  it("takes a check for the provider's corporation, for nobody, or for the suite", function()
    local rig = ticket_rig.new "wecom_suite"
    local function reply_to(receiver)
      local sealed = seal(rig, "echo", receiver)
      local echostr = "&echostr=" .. sealed.encrypt:gsub("+", "%%2B")
      local push = rig:read { method = "GET", query = query_of(sealed) .. echostr, headers = {}, body = "" }
      return push and push.reply.body
    end
    assert.are.equal("echo", reply_to(rig.config.corp_id))
    assert.are.equal("echo", reply_to(rig.config.suite_id))
    assert.are.equal("echo", reply_to "")
    assert.is_nil(reply_to "ww-another")
    rig.config.corp_id = nil
    assert.is_nil(reply_to "ww000provider000")
  end)

  it("takes a push for the suite only, outside and inside", function()
    local rig = ticket_rig.new "wecom_suite"
    local ticket =
      { { "SuiteId", rig.config.suite_id }, { "InfoType", "suite_ticket" }, { "SuiteTicket", "t" } }
    assert.are.equal("t", rig:read(message(rig, ticket)).credential)
    ticket[1][2] = "ww-another"
    assert.are.equal("forbidden", select(2, rig:read(message(rig, ticket))).code)
    ticket[1][2] = rig.config.suite_id
    local sealed = seal(rig, xml.encode("xml", ticket), rig.config.corp_id)
    local received = message(rig, ticket)
    received.query = query_of(sealed)
    received.body = xml.encode("xml", { { "ToUserName", "x" }, { "Encrypt", sealed.encrypt } })
    assert.are.equal("forbidden", select(2, rig:read(received)).code)
  end)

  it("hears of tenants, and of nothing else", function()
    local rig = ticket_rig.new "wecom_suite"
    local function tenant_of(kind)
      local elements = {
        { "SuiteId", rig.config.suite_id },
        { "InfoType", kind },
        { "TimeStamp", "1700000000" },
        { "AuthCorpId", "corp" },
        { "AuthCode", "code" },
      }
      return assert(rig:read(message(rig, elements))).tenant
    end
    assert.are.same({ credential = "code", valid_for = 600 }, tenant_of "create_auth")
    assert.are.same({ credential = "code", valid_for = 600 }, tenant_of "reset_permanent_code")
    assert.are.same({ name = "corp", at = 1700000000 }, tenant_of "cancel_auth")
    assert.is_nil(tenant_of "change_auth")
  end)

  it("derives a corporation's token from its code, then from the permanent code", function()
    local rig = ticket_rig.new "wecom_suite"
    local pushed = rig:push()
    local _, parent = rig:ask(rig.script.exchange(rig.config, pushed.ticket.code), "exchange")
    local context = { parent = { access_token = parent.access_token } }
    local function derive(tenant)
      return rig:ask(rig.script.derive(rig.config, tenant, context), "derive")
    end
    local class, answer = derive { credential = pushed.tenant.code }
    assert.are.same({ "ok", "tenant-1" }, { class, answer.subject })
    local permanent_code = answer.refresh_token
    for _ = 1, 2 do
      class, answer = derive { name = "tenant-1", refresh_token = permanent_code }
      assert.are.same({ "ok", nil }, { class, answer.refresh_token })
      assert.is_true(rig.platform:left(answer.access_token, "tenant-1") > 0)
    end
    assert.are.equal("refresh_token", (derive { name = "tenant-2", refresh_token = permanent_code }))
    assert.are.equal("credential", (derive { credential = pushed.tenant.code }))
    context.parent.access_token = "dead"
    assert.are.equal("parent", (derive { name = "tenant-1", refresh_token = permanent_code }))
    assert.is_nil(rig.script.derive(rig.config, { name = "tenant-1" }, context))
  end)

  it("keeps a permanent code that comes alone", function()
    local script = ticket_rig.new("wecom_suite").script
    local body = '{"permanent_code":"p","auth_corp_info":{"corpid":"c"}}'
    local answer = script.read_tokens({ status = 200, body = body }, {}, "derive")
    local tokens = token_set.from_answer(answer, 1700000000)
    assert.are.same({ "p", "c" }, { tokens.refresh_token, answer.subject })
    assert.is_false(token_set.is_valid(tokens, 1700000000))
  end)

  it("says what it sends, and that the answer may repeat a token", function()
    local rig = ticket_rig.new "wecom_suite"
    local request = rig.script.exchange(rig.config, "ticket")
    assert.are.equal("https://qyapi.weixin.qq.com/cgi-bin/service/get_suite_token", request.url)
    assert.are.same(
      { suite_id = rig.config.suite_id, suite_secret = "secret-simulated", suite_ticket = "ticket" },
      json.decode(request.body)
    )
    assert.is_true(rig.script.policy.repeats_token)
  end)
end)
