-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local discovery = require "usher.keeper.discovery"
local errors = require "usher.errors"
local one_account = require "spec.support.one_account"

local DAY = 24 * 3600

local function new_rig(read)
  return one_account.new {
    provider = {
      discover = function(config, place)
        if config.is_known or place > 2 then
          return nil
        end
        return { method = "GET", url = "https://as/metadata" .. place }
      end,
      read_discovery = read or function(response)
        return response.metadata, not response.metadata and errors.new "bad_response" or nil
      end,
    },
  }
end

local function ensure(rig)
  return rig:run(discovery.ensure, rig.keeper, rig.account)
end

describe("discovery", function()
  it("is nothing to a provider without it", function()
    local rig = one_account.new()
    assert.is_true(ensure(rig).value)
    rig = new_rig()
    rig.account.config.is_known = true
    assert.is_true(ensure(rig).value)
    assert.are.equal(0, #rig.requests)
  end)

  it("asks once a day", function()
    local rig = new_rig()
    rig.respond = function()
      return { metadata = { count = #rig.requests } }
    end
    rig.account.config.ca_file = "ca.pem"
    assert.is_true(ensure(rig).value)
    assert.is_true(ensure(rig).value)
    assert.are.same(
      { { method = "GET", url = "https://as/metadata1", timeout_ms = 10000, ca_file = "ca.pem" } },
      rig.requests
    )
    rig.clock:advance(DAY)
    ensure(rig)
    assert.are.same({ count = 2 }, rig.account:context(rig.keeper).metadata)
  end)

  it("keeps what it knows while the provider does not answer", function()
    local rig = new_rig()
    rig.respond = function()
      return { metadata = { count = #rig.requests } }
    end
    ensure(rig)
    rig.respond = function()
      return errors.fail("connect_failed", nil, { sent = false })
    end
    rig.clock:advance(DAY)
    assert.is_true(ensure(rig).value)
    assert.is_true(ensure(rig).value)
    assert.are.same({ count = 1 }, rig.account.metadata)
    assert.are.equal(2, #rig.requests)
    rig.clock:advance(300)
    ensure(rig)
    assert.are.equal(3, #rig.requests)
  end)

  it("asks at the next place where the first has nothing", function()
    local rig = new_rig()
    rig.respond = function(request)
      return { metadata = request.url:find "2$" and { place = 2 } or nil }
    end
    assert.is_true(ensure(rig).value)
    assert.are.same({ 2, { place = 2 } }, { #rig.requests, rig.account.metadata })
  end)

  local faults = {
    {
      "does not answer",
      nil,
      function()
        return errors.fail("timeout", nil, { sent = true })
      end,
      { "retryable", "timeout" },
    },
    {
      "has a URL that is none",
      nil,
      function()
        return errors.fail("bad_url", nil, { sent = false })
      end,
      { "configuration", "bad_url" },
    },
    {
      "answers something else",
      nil,
      function()
        return {}
      end,
      { "retryable", "bad_response" },
    },
    {
      "is another one than configured",
      function()
        return errors.fail "bad_configuration"
      end,
      function()
        return {}
      end,
      { "configuration", "bad_configuration" },
    },
    {
      "breaks its script",
      function()
        error "broken"
      end,
      function()
        return {}
      end,
      { "configuration", "script_failed" },
    },
  }
  for _, case in ipairs(faults) do
    it("fails where the provider " .. case[1], function()
      local rig = new_rig(case[2])
      rig.respond = case[3]
      local box = ensure(rig)
      assert.is_nil(box.value)
      assert.are.same(case[4], { box.err.class, box.err.error })
      assert.is_true(box.err.is_certain and box.err.is_unsent)
    end)
  end

  it("fails an attempt before the provider counts it", function()
    local rig = new_rig()
    rig:push "one"
    rig.respond = function()
      return errors.fail("timeout", nil, { sent = true })
    end
    rig:run(rig.keeper.refresh, rig.keeper, "acme")
    local last = rig.keeper:document("acme").last_error
    assert.are.same({ "retryable", "timeout" }, { last.class, last.code })
    assert.are.equal(0, rig.keeper:document("acme").budgets.exchange.used)
    assert.are.equal(1, #rig:record().pushes)
    assert.are.equal("timeout", rig:logged("discovery_failed")[1].error)
    rig.keeper:stop()
  end)
end)
