-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local callback = require "usher.callback"
local core = require "usher.core"
local errors = require "usher.errors"
local fake_clock = require "spec.support.fake_clock"
local recorder = require "spec.support.recorder"
local toy_provider = require "spec.support.toy_provider"

local PATH = "/callback/s3cret"
local GOOD = "key=a1&code=c1&who=w1"

-- A callback over one account, with what its parts were told.
local function receiver(changes)
  local told = { pushes = {} }
  local options = {
    accounts = {
      acme = { provider = toy_provider.new(), config = { key = "a1", callback_path = PATH } },
    },
    offer = function(name, push)
      table.insert(told.pushes, { name = name, push = push })
      return true
    end,
    clock = fake_clock.new(),
    random = core.random.bytes,
  }
  options.log, told.lines = recorder.new()
  for name, value in pairs(changes or {}) do
    options[name] = value
  end
  local made, err = callback.new(options)
  return made, made and told or err, options
end

local function request(query, changes)
  local made = {
    method = "GET",
    path = PATH,
    query = query,
    headers = {},
    body = "",
    remote = "192.0.2.1:1",
    version = "1.1",
  }
  for name, value in pairs(changes or {}) do
    made[name] = value
  end
  return made
end

describe("callback", function()
  for _, method in ipairs { "GET", "POST" } do
    it("takes a push by " .. method, function()
      local made, told = receiver()
      local response = made:handle(request(GOOD, { method = method }))
      assert.are.equal(200, response.status)
      assert.are.equal("ok", response.body)
      local push = { credential = "c1", subject = "w1", valid_for = 600 }
      assert.are.same({ { name = "acme", push = push } }, told.pushes)
    end)
  end

  it("answers what it has accepted before, and takes it once", function()
    local script = toy_provider.new()
    local read = script.read_callback
    function script.read_callback(...)
      local push, err = read(...)
      if push then
        push.id, push.reply = "m1", "success"
      end
      return push, err
    end
    local is_down = true
    local offered = 0
    local made = receiver {
      accounts = { acme = { provider = script, config = { key = "a1", callback_path = PATH } } },
      offer = function()
        offered = offered + 1
        return not is_down or nil, is_down and errors.new "store_failed" or nil
      end,
    }
    assert.are.equal(503, made:handle(request(GOOD)).status)
    is_down = false
    for _ = 1, 2 do
      local response = made:handle(request(GOOD))
      assert.are.same({ 200, "success" }, { response.status, response.body })
    end
    assert.are.equal(2, offered)
  end)

  it("takes nothing for a credential that is no text, or too much of it", function()
    local script = toy_provider.new()
    local credential
    function script.read_callback()
      return { credential = credential }
    end
    local accounts = { acme = { provider = script, config = { key = "a1", callback_path = PATH } } }
    local made, told = receiver { accounts = accounts }
    for _, value in ipairs { 5, {}, "", ("x"):rep(4097), true } do
      credential = value
      assert.are.equal(400, made:handle(request(GOOD)).status)
    end
    assert.are.same({}, told.pushes)
  end)

  it("takes no tenant's credential either that is none", function()
    local script = toy_provider.new()
    local tenant
    function script.read_callback()
      return { tenant = tenant }
    end
    local offered = {}
    local made = receiver {
      accounts = { acme = { provider = script, config = { key = "a1", callback_path = PATH } } },
      offer_tenant = function(_, push)
        table.insert(offered, push.name)
        return true
      end,
    }
    for _, value in ipairs { 5, {}, "", ("x"):rep(4097), true } do
      tenant = { name = "refused", credential = value }
      assert.are.equal(400, made:handle(request(GOOD)).status)
    end
    for _, each in ipairs { { name = "t1", credential = "c" }, { name = "t2" } } do
      tenant = each
      assert.are.equal(200, made:handle(request(GOOD)).status)
    end
    assert.are.same({ "t1", "t2" }, offered)
  end)

  local REFUSALS = {
    { "another path", GOOD, { path = "/callback" }, 404, "not found" },
    { "another path by another method", GOOD, { path = "/", method = "PUT" }, 404, "not found" },
    { "PUT", GOOD, { method = "PUT" }, 405, "method not allowed" },
    { "HEAD", GOOD, { method = "HEAD" }, 405, "method not allowed" },
    { "a request without a key", "code=c1", nil, 400, "bad request" },
    { "a request without a credential", "key=a1", nil, 400, "bad request" },
    { "a key of no account", "key=zz&code=c1", nil, 403, "forbidden" },
  }
  for _, case in ipairs(REFUSALS) do
    local what, query, changes, status, body = table.unpack(case, 1, 5)
    it(("refuses %s with %d"):format(what, status), function()
      local made, told = receiver()
      local response = made:handle(request(query, changes))
      assert.are.equal(status, response.status)
      assert.are.equal(body, response.body)
      assert.is_true(response.close)
      assert.are.equal(status == 405 and "GET, POST" or nil, response.headers.Allow)
      assert.are.same({}, told.pushes)
      assert.are.equal(status, told.lines[1].status)
    end)
  end

  it("tells the log which parameter a bad request lacks, and nothing of the others", function()
    local made, told = receiver()
    made:handle(request "key=a1")
    made:handle(request "key=zz&code=c1")
    assert.are.same({ "bad_request", "no code" }, { told.lines[1].reason, told.lines[1].detail })
    assert.are.same({ "forbidden", nil }, { told.lines[2].reason, told.lines[2].detail })
  end)

  it("refuses other source networks before anything else of the request counts", function()
    local made, told = receiver { allow = { "203.0.113.0/24" } }
    assert.are.equal(403, made:handle(request(GOOD)).status)
    assert.are.equal(403, made:handle(request(GOOD, { method = "PUT" })).status)
    assert.are.equal(403, made:handle(request(GOOD, { path = "/" })).status)
    assert.are.same({}, told.pushes)
    assert.are.equal(200, made:handle(request(GOOD, { remote = "203.0.113.9:1" })).status)
  end)

  for code, status in pairs { forbidden = 403, store_failed = 503, no_space = 503 } do
    it(("answers %d where the keeper says %s"):format(status, code), function()
      local made, told = receiver {
        offer = function()
          return errors.fail(code)
        end,
      }
      assert.are.equal(status, made:handle(request(GOOD)).status)
      assert.are.equal(code, told.lines[1].reason)
      assert.are.equal("acme", told.lines[1].account)
    end)
  end

  it("answers only after the push is durable", function()
    local durable = core.future.new()
    local made = receiver {
      offer = function()
        return durable:wait()
      end,
    }
    local response
    core.loop:spawn(function()
      response = made:handle(request(GOOD))
    end)
    core.loop:step()
    core.loop:step()
    assert.is_nil(response)
    durable:resolve(true)
    core.loop:step()
    assert.are.equal(200, response.status)
  end)

  it("answers with another status of success where told", function()
    local response = receiver({ reply_status = 204 }):handle(request(GOOD))
    assert.are.equal(204, response.status)
    assert.is_nil(response.body)
  end)

  for what, reply in pairs {
    ["a body of the provider's"] = "echo",
    ["a response of the provider's"] = {
      status = 202,
      headers = { ["Content-Type"] = "text/xml" },
      body = "<echo/>",
    },
  } do
    it("answers a check of the URL with " .. what .. ", without a push", function()
      local made, told, options = receiver()
      options.accounts.acme.config.check_reply = reply
      local response = made:handle(request "key=a1")
      assert.are.equal(reply.status or 200, response.status)
      assert.are.equal(reply.body or reply, response.body)
      assert.matches(reply.headers and "text/xml" or "text/plain", response.headers["Content-Type"], 1, true)
      assert.are.same({}, told.pushes)
    end)
  end

  it("survives a provider script that raises", function()
    local made, told, options = receiver()
    function options.accounts.acme.provider.read_callback()
      error "a fault in the script"
    end
    assert.are.equal(500, made:handle(request(GOOD)).status)
    assert.matches("callback_spec.lua:%d+: a fault in the script", told.lines[1].error)
  end)

  it("logs nothing of the path and the query", function()
    local made, told = receiver()
    for _, query in ipairs { GOOD, "key=zz&code=c1", "key=a1" } do
      made:handle(request(query))
      made:handle(request(query, { path = "/callback/s3cre7" }))
    end
    assert.are.equal(6, #told.lines)
    for _, line in ipairs(told.lines) do
      for _, value in pairs(line) do
        for _, secret in ipairs { "s3cre", "a1", "c1", "zz" } do
          assert.not_matches(secret, tostring(value), 1, true)
        end
      end
    end
  end)

  it("serves the operator's routes beside the callback", function()
    local made = receiver {
      routes = {
        ["POST /video-status"] = function(asked)
          return { status = 200, body = asked.body }
        end,
        ["PUT /video-status"] = function()
          return { status = 204 }
        end,
      },
    }
    local asked = { path = "/video-status", method = "POST", body = "PARSE" }
    assert.are.equal("PARSE", made:handle(request("", asked)).body)
    asked.method = "GET"
    local response = made:handle(request("", asked))
    assert.are.equal(405, response.status)
    assert.are.equal("POST, PUT", response.headers.Allow)
  end)

  for what, changes in pairs {
    ["a route on a callback's path"] = { routes = { ["PUT " .. PATH] = print } },
    ["a malformed route"] = { routes = { ["/x"] = print } },
    ["a malformed network"] = { allow = { "somewhere" } },
    ["two accounts alike"] = {
      accounts = {
        a = { provider = toy_provider, config = { key = "a1", callback_path = "/" } },
        b = { provider = toy_provider, config = { key = "a1", callback_path = "/" } },
      },
    },
  } do
    it("cannot be made with " .. what, function()
      local script = toy_provider.new()
      for _, account in pairs(changes.accounts or {}) do
        account.provider = script
      end
      local made, err = receiver(changes)
      assert.is_nil(made)
      assert.are.equal("bad_configuration", err.code)
      assert.not_matches("s3cret", err.message, 1, true)
    end)
  end
end)

describe("a callback that ends an authorization", function()
  -- One authorization of "acme", with the key k1.
  local function authorized(changes)
    local script, ends = toy_provider.new(), {}
    script.authorize = error
    function script.account_key()
      return false
    end
    function script.read_callback(asked, _, context)
      if asked.query:find "broken" then
        return errors.fail("forbidden", "not the issuer")
      elseif asked.query:find "declined" then
        return { failure = { code = "access_denied", message = "no" }, reply = "Declined." }
      end
      return { credential = "code " .. context.pending.verifier, reply = "Thank you." }
    end
    local open = { pending = { verifier = "v1" } }
    local options = {
      accounts = { acme = { provider = script, config = { callback_path = PATH } } },
      authorizations = {
        find = function(key)
          return key == "k1" and open and "acme" or nil
        end,
        take = function()
          local taken = open
          open = nil
          return taken
        end,
        fail = function(taken, failure)
          table.insert(ends, { taken.pending.verifier, failure.code })
        end,
      },
    }
    for name, value in pairs(changes or {}) do
      options[name] = value
    end
    local made, told = receiver(options)
    return made, told, ends
  end

  it("gives the script what was kept, and offers the credential with the authorization", function()
    local made, told, ends = authorized()
    local response = made:handle(request "key=k1&code=c1")
    assert.are.same({ 200, "Thank you." }, { response.status, response.body })
    assert.are.equal("code v1", told.pushes[1].push.credential)
    assert.are.equal("v1", told.pushes[1].push.authorization.pending.verifier)
    assert.are.same({}, ends)
  end)

  it("ends it once", function()
    local made, told = authorized()
    made:handle(request "key=k1&code=c1")
    assert.are.equal(403, made:handle(request "key=k1&code=c1").status)
    assert.are.equal(1, #told.pushes)
  end)

  it("tells that the person declined", function()
    local made, told, ends = authorized()
    local response = made:handle(request "key=k1&declined")
    assert.are.same({ 200, "Declined." }, { response.status, response.body })
    assert.are.same({ { "v1", "access_denied" } }, ends)
    assert.are.equal(0, #told.pushes)
  end)

  it("ends it as well where the script refuses", function()
    local made, _, ends = authorized()
    assert.are.equal(403, made:handle(request "key=k1&broken").status)
    assert.are.same({ { "v1", "forbidden" } }, ends)
    assert.are.equal(403, made:handle(request "key=k1&code=c1").status)
  end)
end)
