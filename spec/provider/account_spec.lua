-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local account = require "usher.provider.account"
local deferred = require "usher.config.deferred"
local memories_ai = require "usher.provider.memories_ai"

local SCRIPT = {
  name = "toy",
  policy = { push_interval = 600, budgets = { exchange = 50, refresh = 500 } },
}

describe("account", function()
  it("has the script's policy and the options as configuration", function()
    local made = account.new(SCRIPT, { api_key = "k", callback_path = "/c" })
    assert.are.equal(SCRIPT, made.provider)
    assert.are.same({ api_key = "k", callback_path = "/c" }, made.config)
    assert.are.same(SCRIPT.policy, made.policy)
    assert.is_nil(made.subject)
  end)

  it("changes the policy member by member, and leaves the script's alone", function()
    local made = account.new(SCRIPT, { policy = { margin = 60, budgets = { exchange = 5 } } })
    assert.are.same(
      { push_interval = 600, margin = 60, budgets = { exchange = 5, refresh = 500 } },
      made.policy
    )
    assert.are.same({ exchange = 50, refresh = 500 }, SCRIPT.policy.budgets)
    assert.is_nil(made.config.policy)
  end)

  it("is pinned by client_id", function()
    assert.are.equal("c1", account.new(SCRIPT, { client_id = "c1" }).subject)
  end)

  it("is pinned by another key, or by none, where the script says so", function()
    local options = { client_id = "c1", app_id = "a1" }
    assert.are.equal("a1", account.new({ name = "toy", subject_key = "app_id" }, options).subject)
    assert.is_nil(account.new({ name = "toy", subject_key = false }, options).subject)
  end)

  it("is made from a table alone", function()
    assert.has_error(function()
      account.new(SCRIPT, "k")
    end, "an account is made from a table")
  end)
end)

describe("an account's check", function()
  local function messages_of(made)
    local messages = {}
    for index, finding in ipairs(account.check(made, "acme")) do
      messages[index] = finding.message
    end
    return table.concat(messages, "\n")
  end

  local function memories(options)
    options.api_key = options.api_key or "k"
    return account.new(memories_ai, options)
  end

  it("finds nothing wrong with every key there is", function()
    assert.are.equal("", messages_of(memories {}))
    assert.are.equal(
      "",
      messages_of(memories {
        client_id = "c1",
        base_url = "https://h.example",
        callback_path = "/x",
        expires_unit = "ms",
        ca_file = "/ca.pem",
        policy = { margin = 1200, budgets = { exchange = 5 }, rotates = true, lifetimes = { access = 60 } },
      })
    )
  end)

  for expected, options in pairs {
    ["accounts.acme.api_kee is not a known key; the nearest known key is accounts.acme.api_key"] = {
      api_kee = "k",
    },
    ['accounts.acme.base_url "http://h.example" is plain http to another machine'] = {
      base_url = "http://h.example",
    },
    ['accounts.acme.expires_unit "h" is not allowed; allowed: auto, s, ms'] = { expires_unit = "h" },
    ["accounts.acme.policy.budgets.exchange 0 is not allowed"] = { policy = { budgets = { exchange = 0 } } },
    ["accounts.acme.policy.margn is not a known key"] = { policy = { margn = 1 } },
    ["accounts.acme.policy is not a table"] = { policy = 5 },
    ["accounts.acme.policy.budgets is not a table"] = { policy = { budgets = 5 } },
    ["accounts.acme.api_key is not allowed; allowed: printable ASCII"] = { api_key = "a b" },
  } do
    it("finds: " .. expected, function()
      local message = messages_of(memories(options))
      assert.are.equal(expected, message:sub(1, #expected))
    end)
  end

  it("misses what the script requires", function()
    assert.are.equal("accounts.acme.api_key is required", messages_of(account.new(memories_ai, {})))
  end)

  it("finds what is no account, and a broken script with its place", function()
    assert.matches("^accounts.acme is not an account", messages_of { api_key = "k" })
    assert.matches("^accounts.acme is not an account", messages_of "memories_ai")
    local found = account.check(account.new({ name = "toy", nudge = memories_ai.refresh }, {}), "acme")
    assert.are.equal("accounts.acme: the function account_key is missing", found[1].message)
    assert.matches("memories_ai.lua:%d+$", found[1].place)
  end)

  it("takes the keys that a script adds", function()
    local script = setmetatable({ keys = { app_id = { required = true }, app_secret = { secret = true } } }, {
      __index = memories_ai,
    })
    assert.are.equal("accounts.acme.app_id is required", messages_of(account.new(script, {})))
    assert.are.equal(
      "",
      messages_of(account.new(script, { app_id = "a", app_secret = deferred.env "USHER_SPEC_UNSET" }))
    )
  end)
end)

describe("a script's own check", function()
  local script = setmetatable({
    check = function(config)
      if config.base_url and config.api_key:find "^test" then
        return "base_url", "is not for a test key"
      end
    end,
  }, { __index = memories_ai })

  local function messages_of(options)
    local findings = account.check(account.new(script, options), "acme")
    return findings[1] and findings[1].message, #findings
  end

  it("finds keys that do not fit together", function()
    local options = { api_key = "test-1", base_url = "https://h.example" }
    assert.are.same({ "accounts.acme.base_url is not for a test key", 1 }, { messages_of(options) })
    assert.are.same({ nil, 0 }, { messages_of { api_key = "k", base_url = "https://h.example" } })
  end)

  it("comes after that of each key, and once secrets are read", function()
    assert.are.equal(1, select(2, messages_of { api_key = "test-1", base_url = "h" }))
    local unread = deferred.env "USHER_SPEC_UNSET"
    assert.are.same({ nil, 0 }, { messages_of { api_key = unread, base_url = "https://h.example" } })
  end)
end)

describe("an account's secrets", function()
  it("are read into a copy", function()
    local made = account.new(memories_ai, { api_key = deferred.env "USHER_SPEC_UNSET", client_id = "c1" })
    local resolved, err = account.resolve(made, "acme")
    assert.is_nil(resolved)
    assert.are.equal(
      "accounts.acme.api_key is missing: the environment variable USHER_SPEC_UNSET is not set",
      err.message
    )
    made.config.api_key = "k"
    resolved = account.resolve(made, "acme")
    assert.are.same(made, resolved)
    assert.are_not.equal(made.config, resolved.config)
  end)
end)

describe("an account that is disabled", function()
  it("says so to the keeper, and not to the script", function()
    local made = account.new(memories_ai, { api_key = "k", disabled = true })
    assert.is_nil(made.config.disabled)
    assert.is_true(account.resolve(made, "acme").disabled)
    assert.are.same({}, account.check(made, "acme"))
    made = account.new(memories_ai, { api_key = "k", disabled = "no" })
    assert.matches("^accounts.acme.disabled .*true or false", account.check(made, "acme")[1].message)
  end)
end)

describe("an account's ca_file", function()
  it("is found missing before a transfer is", function()
    for path, reason in pairs {
      ["/nowhere/ca.pem"] = "No such file",
      ["/"] = "Is a directory",
      ["/dev/null"] = "empty",
    } do
      local _, err = account.resolve(account.new(memories_ai, { api_key = "k", ca_file = path }), "acme")
      assert.matches("^accounts.acme.ca_file cannot be read: " .. path .. ": " .. reason, err.message)
    end
    assert.is_table(
      account.resolve(account.new(memories_ai, { api_key = "k", ca_file = "README.md" }), "acme")
    )
  end)
end)

describe("who may ask for an account's token", function()
  local function fault_of(allow)
    local made = account.new(memories_ai, { api_key = "k", allow = allow })
    local found = account.check(made, "acme")[1]
    return (found or select(2, account.resolve(made, "acme"))).message
  end

  it("is kept apart from what the script sees", function()
    local made = account.new(memories_ai, { api_key = "k", allow = { users = { "root" }, groups = { 7 } } })
    assert.is_nil(made.config.allow)
    local resolved = account.resolve(made, "acme")
    assert.are.same({ users = { [0] = true }, groups = { [7] = true } }, resolved.access)
    assert.is_nil(account.resolve(account.new(memories_ai, { api_key = "k" }), "acme").access)
  end)

  it("must be somebody, and be somebody's name or number", function()
    for expected, allow in pairs {
      ["accounts.acme.allow is not a table"] = "root",
      ["accounts.acme.allow names nobody"] = {},
      ['accounts.acme.allow.users names "n0b0dy": no such user'] = { users = { "n0b0dy" } },
      ['accounts.acme.allow.groups names "n0b0dy": no such group'] = { groups = { "n0b0dy" } },
      ['accounts.acme.allow.users "root" is not allowed'] = { users = "root" },
      ["accounts.acme.allow.users is not allowed; allowed: a list"] = { users = { -1 } },
      ["accounts.acme.allow.user is not a known key"] = { user = { "root" } },
    } do
      assert.matches(expected, fault_of(allow), 1, true)
    end
  end)
end)
