-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local json = require "usher.json"
local ticket_rig = require "spec.support.ticket_rig"

local function ask(subject, method, path, headers, body)
  local words, query = path:match "^([^?]*)%??(.*)$"
  return subject:handle {
    method = method,
    path = words,
    query = query,
    headers = headers or {},
    body = body or "",
  }
end

local function last(subject)
  local entries = subject.ledger:after()
  return entries[#entries]
end

describe("platform", function()
  it("answers its own paths by their methods, and writes the others down", function()
    local subject = ticket_rig.new("wechat_platform").platform
    assert.are.equal(404, ask(subject, "POST", "/nowhere").status)
    assert.are.equal(405, ask(subject, "GET", "/cgi-bin/component/api_component_token").status)
    assert.are.same({ "refused", 405 }, { last(subject).kind, last(subject).status })
    assert.matches('"kind":"refused"', ask(subject, "GET", "/ledger").body, 1, true)
  end)

  it("demands all fields, as texts", function()
    local subject = ticket_rig.new("wechat_platform").platform
    local path = "/cgi-bin/component/api_component_token"
    local whole = { component_appid = "a", component_appsecret = "b", component_verify_ticket = "c" }
    for name in pairs(whole) do
      for _, value in ipairs { json.null, "", 5 } do
        local body = { component_appid = "a", component_appsecret = "b", component_verify_ticket = "c" }
        body[name] = value
        local answer = json.decode(ask(subject, "POST", path, {}, json.encode(body)).body)
        assert.are.equal(47001, answer.errcode)
        assert.are.equal("bad_parameters", last(subject).verdict)
      end
    end
    assert.are.equal(47001, json.decode(ask(subject, "POST", path, {}, "text").body).errcode)
  end)

  it("knows which tokens live, until they end or are revoked", function()
    local rig = ticket_rig.new "dingtalk_suite"
    local subject = rig.platform
    local token = subject:issue "platform"
    local function echo(text)
      return ask(subject, "GET", "/echo", { authorization = text and "Bearer " .. text }).status
    end
    assert.are.same({ 200, 401, 401 }, { echo(token), echo "another", echo() })
    rig.clock:advance(7200)
    assert.are.equal(401, echo(token))
    token = subject:issue "platform"
    ask(subject, "POST", "/revoke")
    assert.are.equal(401, echo(token))
  end)

  it("checks the URL once, then pushes tickets, and says what became of them", function()
    local rig = ticket_rig.new "dingtalk_suite"
    local first, second = rig:push(), rig:push()
    assert.truthy(first.check and first.ticket)
    assert.is_nil(second.check)
    local push = rig:read(first.ticket.received)
    local reply = { status = 200, headers = {}, body = push.reply.body }
    rig.platform:note_delivery(first.ticket.code, reply)
    assert.are.same({ "ok", 200, "ticket" }, {
      last(rig.platform).verdict,
      last(rig.platform).status,
      last(rig.platform).what,
    })
    rig.platform:note_delivery(second.ticket.code, { status = 200, headers = {}, body = "success" })
    assert.are.equal("refused", last(rig.platform).verdict)
    rig.platform:note_delivery(first.check.code, nil, { code = "timeout" })
    assert.are.same({ "refused", "timeout" }, { last(rig.platform).verdict, last(rig.platform).error })
  end)

  it("pushes who authorizes while it runs, where that is pushed", function()
    local rig = ticket_rig.new("wechat_platform", { tenants = {} })
    local asked = 0
    function rig.platform.request_push()
      asked = asked + 1
    end
    assert.is_nil(rig:push().tenant)
    assert.are.equal(200, ask(rig.platform, "POST", "/authorize?tenant=wx9").status)
    assert.are.equal(1, asked)
    assert.are.equal("wx9", rig:read(rig:push().tenant.received).tenant.name)
    assert.is_nil(rig:push().tenant)
    assert.are.equal(400, ask(ticket_rig.new("lark").platform, "POST", "/authorize?tenant=wx9").status)
  end)

  it("waits a second for a reply, as the quickest of them", function()
    for name in pairs(ticket_rig.DIALECTS) do
      for _, delivery in pairs(ticket_rig.new(name):push()) do
        assert.are.equal(1000, delivery.request.timeout_ms)
      end
    end
  end)
end)
