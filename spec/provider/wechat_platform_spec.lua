-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local json = require "usher.json"
local message_crypto = require "usher.model.message_crypto"
local ticket_cases = require "spec.support.ticket_cases"
local ticket_rig = require "spec.support.ticket_rig"
local xml = require "usher.xml"

-- A message of the platform with these elements.
local function message(rig, elements, app_id)
  local stamp = { timestamp = ("%d"):format(rig.clock:wall()), nonce = "n", random = ("r"):rep(16) }
  local sealed = message_crypto.seal(rig.config, xml.encode("xml", elements), rig.config.app_id, stamp)
  local envelope = { { "AppId", app_id or rig.config.app_id }, { "Encrypt", sealed.encrypt } }
  return {
    method = "POST",
    query = ("timestamp=%s&nonce=n&msg_signature=%s"):format(stamp.timestamp, sealed.signature),
    headers = {},
    body = xml.encode("xml", envelope),
  }
end

describe("wechat_platform", function()
  ticket_cases.declare(it, "wechat_platform")
  ticket_cases.declare_numbers(it, "wechat_platform", "errcode", {
    { -1, "retryable", "busy" },
    { 61005, "credential", "an expired ticket" },
    { 61006, "credential", "an invalid ticket" },
    { 61009, "credential", "an invalid authorization code" },
    { 61010, "credential", "an expired authorization code" },
    { 61023, "refresh_token", "an invalid refresh token" },
    { 40013, "configuration", "an invalid app" },
    { 40125, "configuration", "an invalid secret" },
    { 61004, "configuration", "an address that is not registered" },
    { 61011, "configuration", "an invalid platform" },
    { 40001, "parent", "an invalid token" },
    { 40014, "parent", "a wrong token" },
    { 42001, "parent", "an expired token" },
    { 42006, "parent", "an expired token of the platform" },
    { 45009, "budget", "a quota that is used up" },
    { 61003, "retryable", "an account that has not authorized us" }, -- it comes and goes
  })

  it("tells apps on one path apart", function()
    local rig = ticket_rig.new "wechat_platform"
    assert.are.equal("wx1", rig.script.request_key(message(rig, {}, "wx1")))
    assert.are.equal("wx2", rig.script.account_key { app_id = "wx2" })
  end)

  it("refuses a message whose inside is for another app", function()
    local rig = ticket_rig.new "wechat_platform"
    local elements = { { "AppId", "wx1" }, { "InfoType", "component_verify_ticket" } }
    local push, err = rig:read(message(rig, elements))
    assert.are.same({ nil, "forbidden" }, { push, err.code })
  end)

  it("hears of tenants, and of nothing else", function()
    local rig = ticket_rig.new "wechat_platform"
    local function tenant_of(kind)
      local elements = {
        { "AppId", rig.config.app_id },
        { "CreateTime", "1700000000" },
        { "InfoType", kind },
        { "AuthorizerAppid", "wxtenant" },
        { "AuthorizationCode", "code" },
      }
      local push = assert(rig:read(message(rig, elements)))
      assert.are.same({ status = 200, body = "success" }, push.reply)
      assert.is_nil(push.credential)
      return push.tenant
    end
    local authorized = { name = "wxtenant", credential = "code", valid_for = 3600 }
    assert.are.same(authorized, tenant_of "authorized")
    assert.are.same(authorized, tenant_of "updateauthorized")
    assert.are.same({ name = "wxtenant", at = 1700000000 }, tenant_of "unauthorized")
    assert.is_nil(tenant_of "notify_third_fasteregister")
  end)

  it("asks for a push", function()
    local rig = ticket_rig.new "wechat_platform"
    local asked = 0
    function rig.platform.request_push()
      asked = asked + 1
    end
    assert.are.equal("ok", (rig:ask(rig.script.nudge(rig.config), "nudge")))
    assert.are.equal(1, asked)
  end)

  it("derives an authorizer's token from its code, then from each refresh token", function()
    local rig = ticket_rig.new "wechat_platform"
    local pushed = rig:push()
    local _, parent = rig:ask(rig.script.exchange(rig.config, pushed.ticket.code), "exchange")
    local context = { parent = { access_token = parent.access_token } }
    local function derive(tenant)
      return rig:ask(rig.script.derive(rig.config, tenant, context), "derive")
    end
    local class, answer = derive { name = "tenant-1", credential = pushed.tenant.code }
    assert.are.same({ "ok", "tenant-1", 7200 }, { class, answer.subject, answer.expires_in })
    assert.is_true(rig.platform:left(answer.access_token, "tenant-1") > 0)
    local refresh_token = answer.refresh_token
    class, answer = derive { name = "tenant-1", refresh_token = refresh_token }
    assert.are.equal("ok", class)
    assert.are_not.equal(refresh_token, answer.refresh_token)
    assert.are.equal("refresh_token", (derive { name = "tenant-1", refresh_token = refresh_token }))
    assert.are.equal("credential", (derive { name = "tenant-1", credential = pushed.tenant.code }))
    context.parent.access_token = "dead"
    assert.are.equal("parent", (derive { name = "tenant-1", refresh_token = answer.refresh_token }))
    assert.is_nil(rig.script.derive(rig.config, { name = "tenant-1" }, context))
  end)

  it("says what it sends", function()
    local rig = ticket_rig.new "wechat_platform"
    local request = rig.script.exchange(rig.config, "ticket")
    assert.are.equal("https://api.weixin.qq.com/cgi-bin/component/api_component_token", request.url)
    assert.are.same({
      component_appid = rig.config.app_id,
      component_appsecret = "secret-simulated",
      component_verify_ticket = "ticket",
    }, json.decode(request.body))
  end)
end)
