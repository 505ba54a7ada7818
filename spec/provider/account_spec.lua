-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local account = require "usher.provider.account"

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
end)
