-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local json = require "usher.json"
local message_crypto = require "usher.model.message_crypto"
local ticket_cases = require "spec.support.ticket_cases"
local ticket_rig = require "spec.support.ticket_rig"

local UNBORN = "suite4xxxxxxxxxxxxxxx"

-- A message of DingTalk, with either spelling of its parameters.
local function message(rig, event, receiver, query)
  local stamp = { timestamp = ("%d000"):format(rig.clock:wall()), nonce = "n", random = ("r"):rep(16) }
  local sealed = message_crypto.seal(rig.config, json.encode(event), receiver or rig.config.suite_key, stamp)
  return {
    method = "POST",
    query = (query or "signature=%s&timestamp=%s&nonce=n"):format(sealed.signature, sealed.timestamp),
    headers = {},
    body = json.encode { encrypt = sealed.encrypt },
  }
end

-- The text of an encrypted reply.
local function text_of(rig, push, receiver)
  local fields = json.decode(push.reply.body)
  assert.are.equal("application/json", push.reply.headers["Content-Type"])
  local sealed = {
    signature = fields.msg_signature,
    timestamp = fields.timeStamp,
    nonce = fields.nonce,
    encrypt = fields.encrypt,
  }
  return (message_crypto.open(rig.config, sealed, { receiver or rig.config.suite_key }, rig.clock:wall()))
end

describe("dingtalk_suite", function()
  ticket_cases.declare(it, "dingtalk_suite")
  ticket_cases.declare_numbers(it, "dingtalk_suite", "errcode", {
    { -1, "retryable", "busy" },
    { 40085, "credential", "an unknown ticket" },
    { 853005, "credential", "an invalid ticket in what is signed" },
    { 40080, "configuration", "an invalid secret" },
    { 40083, "configuration", "an invalid suite" },
    { 40088, "configuration", "an invalid key or secret of the suite" },
    { 40090, "configuration", "a suite that is gone" },
    { 60020, "configuration", "an address that is not listed" },
    { 853003, "configuration", "a key that is unknown" },
    { 853004, "configuration", "a wrong signature" },
    { 45009, "budget", "too many calls" },
    { 853002, "retryable", "a time that is off by more than a minute" },
    { 40089, "retryable", "an invalid corporation" },
    { 40082, "retryable", "an invalid token of the suite" },
  })

  it("answers the checks of the URL, encrypted", function()
    local rig = ticket_rig.new "dingtalk_suite"
    local check = rig:push().check
    assert.is_true(rig:is_pleased(check, assert(rig:read(check.received))))
    local event = { EventType = "check_create_suite_url", Random = "abc" }
    assert.are.equal("abc", text_of(rig, rig:read(message(rig, event, UNBORN)), UNBORN))
    event.EventType = "check_update_suite_url"
    assert.are.equal("abc", text_of(rig, rig:read(message(rig, event))))
    assert.are.equal("success", text_of(rig, rig:read(message(rig, { EventType = "check_url" }))))
  end)

  it("takes nothing but the first check before the suite exists", function()
    local rig = ticket_rig.new "dingtalk_suite"
    for _, kind in ipairs { "suite_ticket", "check_update_suite_url", "check_url" } do
      local event = { EventType = kind, Random = "abc", SuiteKey = rig.config.suite_key, SuiteTicket = "t" }
      assert.are.equal("forbidden", select(2, rig:read(message(rig, event, UNBORN))).code)
    end
  end)

  it("reads both spellings of the parameters", function()
    local rig = ticket_rig.new "dingtalk_suite"
    local event = { EventType = "suite_ticket", SuiteKey = "s", SuiteTicket = "t" }
    for _, query in ipairs { "signature=%s&timestamp=%s&nonce=n", "msg_signature=%s&timeStamp=%s&nonce=n" } do
      assert.are.equal("t", rig:read(message(rig, event, nil, query)).credential)
    end
  end)

  it("reads a ticket among what is synchronized", function()
    local rig = ticket_rig.new "dingtalk_suite"
    local function item(kind, data)
      return { biz_type = kind, biz_data = type(data) == "table" and json.encode(data) or data }
    end
    local push = rig:read(message(rig, {
      EventType = "SYNC_HTTP_PUSH_HIGH",
      bizData = {
        item(4, { syncAction = "org_suite_auth" }),
        item(2, { syncAction = "suite_ticket", suiteTicket = "t1", suiteKey = rig.config.suite_key }),
        item(2, { syncAction = "suite_ticket", suiteTicket = "t2", suiteKey = rig.config.suite_key }),
        5,
        "text",
        item(2, "no JSON"),
        item(2, 5),
      },
    }))
    assert.are.same({ "t2", rig.config.suite_key }, { push.credential, push.subject })
    assert.are.equal("success", text_of(rig, push))
  end)

  it("replies to other events, which it does not need", function()
    local rig = ticket_rig.new "dingtalk_suite"
    for _, event in ipairs {
      { EventType = "tmp_auth_code", AuthCode = "c", AuthCorpId = "corp" },
      { EventType = "suite_relieve", AuthCorpId = "corp" },
      { EventType = "SYNC_HTTP_PUSH_HIGH", bizData = "none" },
      {},
    } do
      local push = rig:read(message(rig, event))
      assert.is_nil(push.credential)
      assert.are.equal("success", text_of(rig, push))
    end
  end)

  it("derives a corporation's token with the ticket", function()
    local rig = ticket_rig.new "dingtalk_suite"
    local context = rig:context { parent = { credential = rig:push().ticket.code } }
    local function derive(name)
      return rig:ask(rig.script.derive(rig.config, { name = name }, context), "derive")
    end
    local class, answer = derive "tenant-1"
    assert.are.same({ "ok", 7200, nil }, { class, answer.expires_in, answer.refresh_token })
    assert.is_true(rig.platform:left(answer.access_token, "tenant-1") > 0)
    assert.are.equal("retryable", (derive "tenant-2"))
    context.parent.credential = "forged"
    assert.are.equal("credential", (derive "tenant-1"))
  end)

  it("signs what it asks with the suite's secret", function()
    local rig = ticket_rig.new "dingtalk_suite"
    local request = rig.script.derive(
      rig.config,
      { name = "corp" },
      { now = 1700000000, parent = { credential = "t+1" } }
    )
    local mac = core.digest.hmac_sha256("secret-simulated", "1700000000000\nt+1")
    local signature = core.encoding.percent_encode(core.encoding.base64_encode(mac))
    assert.are.equal(
      "https://oapi.dingtalk.com/service/get_corp_token?accessKey=suitesimulated00&signature="
        .. signature
        .. "&suiteTicket=t%2B1&timestamp=1700000000000",
      request.url
    )
    assert.are.same({ auth_corpid = "corp" }, json.decode(request.body))
  end)
end)
