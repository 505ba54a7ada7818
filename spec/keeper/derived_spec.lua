-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local derived = require "usher.keeper.derived"

-- A platform that says what it was asked.
local function platform(changes)
  local script = { name = "toy" }
  function script.derive(config, tenant, context)
    return { config = config, tenant = tenant, context = context }
  end
  function script.classify(_, kind)
    return kind
  end
  function script.read_tokens(_, _, kind)
    return { access_token = kind }
  end
  for name, value in pairs(changes or {}) do
    script[name] = value
  end
  return script
end

describe("derived", function()
  it("gives one script for one platform", function()
    local one, other = platform(), platform()
    assert.are.equal(derived.script(one), derived.script(one))
    assert.are_not.equal(derived.script(one), derived.script(other))
  end)

  it("exchanges a code, then refreshes, by `derive`", function()
    local script = derived.script(platform())
    assert.is_nil(script.own_credential { tenant = "t" })
    assert.are.same({ name = "t", credential = "c" }, script.exchange({ tenant = "t" }, "c", {}).tenant)
    assert.are.same({ credential = "c" }, script.exchange({}, "c", {}).tenant)
    local tokens = { refresh_token = "r" }
    assert.are.same({ name = "t", refresh_token = "r" }, script.refresh({ tenant = "t" }, tokens, {}).tenant)
    assert.is_nil(script.refresh({ tenant = "t" }, {}, {}))
    assert.is_nil(script.refresh({}, tokens, {})) -- whose they are is not known yet
    assert.are.equal("derive", (script.classify({}, "refresh", {})))
    assert.are.equal("derive", script.read_tokens({}, {}, "exchange").access_token)
  end)

  it("needs nothing but the name where the platform says so", function()
    local script = derived.script(platform { derives_by_name = true })
    assert.are.equal("t", script.own_credential { tenant = "t" })
    assert.are.same({ name = "t" }, script.exchange({ tenant = "t" }, "t", {}).tenant)
    assert.is_nil(script.refresh({ tenant = "t" }, { refresh_token = "r" }, {}))
  end)

  it("names tenants' accounts so that nothing else has such a name", function()
    assert.are.equal("main/t", derived.name("main", "t"))
    assert.are.same({ "main", "t" }, { derived.parts "main/t" })
    assert.is_nil(derived.parts "main")
    local unknown = derived.unknown "code"
    assert.is_true(derived.is_unknown(unknown))
    assert.is_false(derived.is_unknown "t")
    assert.is_false(derived.is_name(unknown))
    assert.are_not.equal(unknown, derived.unknown "other")
    assert.is_nil(unknown:find("code", 1, true))
  end)

  it("takes names that cannot be anything else", function()
    for _, name in ipairs { "wx0123", "ding-1", "2ed263bf32cf1651", "a.b@c_d", ("x"):rep(128) } do
      assert.is_true(derived.is_name(name), name)
    end
    for _, name in ipairs { "", "a/b", "a b", "?a", "a\n", ("x"):rep(129), 5 } do
      assert.is_false(derived.is_name(name), name)
    end
    assert.is_false(derived.is_name(nil))
  end)

  it("takes configuration and some of the policy from the platform's account", function()
    local parent = {
      provider = platform(),
      config = { app_id = "a" },
      policy = { margin = 5, push_interval = 600, single_use = false, budgets = {} },
      is_disabled = false,
    }
    local settings = derived.settings(parent, "t")
    assert.are.same({ app_id = "a", tenant = "t" }, settings.config)
    assert.are.same({ margin = 5 }, settings.policy)
    assert.are.same({ app_id = "a" }, parent.config)
    assert.is_nil(derived.settings(parent, derived.unknown "c").config.tenant)
  end)
end)
