-- SPDX-License-Identifier: MIT
-- What must hold of every provider script of pushed tickets, as cases for its spec.

local assert = require "luassert"
local interface = require "usher.provider.interface"
local paths = require "spec.support.paths"
local temporary = require "spec.support.temporary"
local ticket_rig = require "spec.support.ticket_rig"

local ticket_cases = {}

local MAX_LINES = 119

local function with(request, changes)
  local copy = {}
  for name, value in pairs(request) do
    copy[name] = value
  end
  for name, value in pairs(changes) do
    copy[name] = value
  end
  return copy
end

-- The text with another letter or digit at that place or the next with one: base64, hex or JSON stays what it is.
-- JSON may have escaped a `/`.
local function flipped(text, index)
  index = text:find("%w", index)
  local character = text:sub(index, index)
  return text:sub(1, index - 1) .. (character == "a" and "b" or "a") .. text:sub(index + 1)
end

-- Bodies and queries that somebody else may send.
local BODIES = {
  "",
  "null",
  "[]",
  "{}",
  '{"encrypt":5}',
  '{"encrypt":{}}',
  '{"encrypt":""}',
  '{"encrypt":"AAAA"}',
  '{"type":"url_verification"}',
  '{"type":{},"token":{},"header":5,"event":[]}',
  '{"schema":"2.0","header":{"token":{}}}',
  "<xml/>",
  "<xml>1</xml>",
  "<xml><AppId>a</AppId><Encrypt>b</Encrypt></xml>",
  "<xml><AppId><A/></AppId><Encrypt><B/></Encrypt></xml>",
  "<xml><ToUserName>a</ToUserName><Encrypt>b</Encrypt></xml>",
  "<!DOCTYPE xml><xml/>",
  "\xff\xfe",
}
local QUERIES = {
  "",
  "timestamp=1700000000&nonce=n&msg_signature=s&signature=s",
  "timestamp=1700000000&nonce=n&msg_signature=s&echostr=AAAA",
  "timestamp=1&timestamp=2&nonce=n&msg_signature=s",
  "timestamp=%ff&nonce=&msg_signature=%",
}

local function declare_pushes(it, name)
  it("reads a genuine ticket, and replies as the platform wants it", function()
    local rig = ticket_rig.new(name)
    local ticket = rig:push().ticket
    local push = assert(rig:read(ticket.received))
    assert.are.equal(ticket.code, push.credential)
    assert.are.equal(rig.platform.options.app_id, push.subject)
    assert.is_string(push.id)
    assert.is_true(rig:is_pleased(ticket, push))
  end)

  it("refuses an old one, a changed one and one of another app, all alike", function()
    local rig, other = ticket_rig.new(name), ticket_rig.new(name, { key = ("x"):rep(43) })
    local ticket = rig:push().ticket.received
    local refusals = { { rig:read(other:push().ticket.received) } }
    local length = #ticket.body
    for _, index in ipairs { length // 3, length // 2, length - 60 } do
      table.insert(refusals, { rig:read(with(ticket, { body = flipped(ticket.body, index) })) })
    end
    local query = ticket.query:gsub("signature=(%x+)", function(signature)
      return "signature=" .. flipped(signature, 1)
    end)
    local header = ticket.headers["x-lark-signature"]
    local headers = with(ticket.headers, { ["x-lark-signature"] = header and flipped(header, 1) })
    table.insert(refusals, { rig:read(with(ticket, { query = query, headers = headers })) })
    rig.clock:advance(601)
    table.insert(refusals, { rig:read(ticket) })
    for index, refusal in ipairs(refusals) do
      assert.is_nil(refusal[1], index)
      assert.are.same({ "forbidden", "not a genuine push" }, { refusal[2].code, refusal[2].message }, index)
    end
  end)

  for other in pairs(ticket_rig.DIALECTS) do
    if other ~= name then
      it("cannot read what is for " .. other, function()
        local rig = ticket_rig.new(name)
        for _, delivery in pairs(ticket_rig.new(other):push()) do
          assert.is_nil((rig:read(delivery.received)))
        end
      end)
    end
  end

  it("refuses whatever else may come", function()
    local rig, count = ticket_rig.new(name), 0
    for _, method in ipairs { "GET", "POST" } do
      for _, body in ipairs(BODIES) do
        for _, query in ipairs(QUERIES) do
          local received = { method = method, query = query, headers = {}, body = body }
          local push, err = rig:read(received)
          assert.is_nil(push)
          assert.truthy(err.code == "bad_request" or err.code == "forbidden")
          count = count + 1
        end
      end
    end
    assert.are.equal(2 * #BODIES * #QUERIES, count)
  end)
end

local function declare_tokens(it, name)
  it("exchanges a ticket, as often as it likes", function()
    local rig = ticket_rig.new(name)
    local ticket = rig:push().ticket.code
    for _ = 1, 2 do
      local class, answer = rig:ask(rig.script.exchange(rig.config, ticket, rig:context()), "exchange")
      assert.are.equal("ok", class)
      assert.is_true(rig.platform:left(answer.access_token, "platform") > 0)
      assert.are.equal(7200, answer.expires_in)
      assert.is_nil(answer.refresh_token)
    end
    assert.is_nil(rig.script.refresh(rig.config, {}, rig:context()))
    assert.is_false(rig.script.policy.single_use)
  end)

  it("knows a refused ticket, and what only a person can mend", function()
    local rig = ticket_rig.new(name)
    local ticket = rig:push().ticket.code
    assert.are.equal(
      "credential",
      (rig:ask(rig.script.exchange(rig.config, "forged", rig:context()), "exchange"))
    )
    rig.platform.options.secret = "another"
    assert.are.equal(
      "configuration",
      (rig:ask(rig.script.exchange(rig.config, ticket, rig:context()), "exchange"))
    )
    rig.clock:advance(rig.platform.options.ticket_lifetime + 1)
    rig.platform.options.secret = "secret-simulated"
    assert.are.equal(
      "credential",
      (rig:ask(rig.script.exchange(rig.config, ticket, rig:context()), "exchange"))
    )
  end)

  it("takes everything that is no clear word for something that passes", function()
    local script = ticket_rig.new(name).script
    for _, response in ipairs {
      { status = 502, body = "<html>" },
      { status = 403, body = '{"errcode":40085,"code":10012}' },
      { status = 200, body = "" },
      { status = 200, body = "[" },
      { status = 200, body = '{"errcode":-1,"code":-1}' },
      { status = 200, body = '{"errcode":"40085","code":"10012"}' },
      { status = 200, body = '{"errcode":{},"code":{}}' },
    } do
      assert.are.equal("retryable", (script.classify(response, "exchange", {})))
    end
    assert.are.equal("budget", (script.classify({ status = 429, body = "" }, "exchange", {})))
  end)

  it("gives no token where the answer has none", function()
    local script = ticket_rig.new(name).script
    for _, kind in ipairs { "exchange", "derive" } do
      for _, body in ipairs { "", "[]", "{}" } do
        assert.is_nil(script.read_tokens({ status = 200, body = body }, {}, kind).access_token)
      end
    end
  end)

  it("takes another base URL", function()
    local rig = ticket_rig.new(name)
    rig.config.base_url = "http://127.0.0.1:1/sandbox/"
    assert.matches(
      "^http://127%.0%.0%.1:1/sandbox/%w",
      rig.script.exchange(rig.config, "t", rig:context()).url
    )
    rig.config.base_url = nil
    assert.matches("^https://[%w.]+/%w", rig.script.exchange(rig.config, "t", rig:context()).url)
  end)
end

--- Declares what the script makes of the provider's numbers, and of one that nobody knows.
---@param it function busted's
---@param name string of the script
---@param member string of the answer, which has the number
---@param rows {[1]: integer, [2]: string, [3]: string}[] number, class, what the provider means by it
function ticket_cases.declare_numbers(it, name, member, rows)
  local function class_of(number)
    local body = ('{"%s":%d}'):format(member, number)
    return { require("usher.provider." .. name).classify({ status = 200, body = body }, "exchange", {}) }
  end
  for _, row in ipairs(rows) do
    local number, class, meaning = table.unpack(row)
    it(("takes %d, %s, for %s"):format(number, meaning, class), function()
      assert.are.same({ class, ("%d"):format(number) }, class_of(number))
    end)
  end
  it("takes a number that it does not know for something that passes", function()
    assert.are.same({ "retryable", "12345" }, class_of(12345))
  end)
end

--- Declares the cases.
---@param it function busted's
---@param name string of the script
function ticket_cases.declare(it, name)
  it("is a provider script of less than 120 lines", function()
    assert.is_true((interface.check(require("usher.provider." .. name))))
    local text = temporary.read(("%s/lua/usher/provider/%s.lua"):format(paths.root, name))
    assert.is_true(select(2, text:gsub("\n", "")) <= MAX_LINES)
  end)
  declare_pushes(it, name)
  declare_tokens(it, name)
end

return ticket_cases
