-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local fake_keeper = require "spec.support.fake_keeper"
local json = require "usher.json"
local metrics = require "usher.api.metrics"
local prometheus = require "spec.support.prometheus"
local version = require "usher.version"

local TALLY = { pushes = 3, attempts = { exchange = { ok = 1, credential = 2 }, refresh = {} } }

local function document_of(changes)
  local document = {
    name = "acme",
    provider = "memories_ai",
    status = "ready",
    subject = "a-subject",
    token = { issued_at = 1800000000, expires_at = 1800003600, fingerprint = "0a1b2c3d" },
    refresh_token = { expires_at = json.null },
    next_attempt_at = 1800002000,
    last_push_at = json.null,
    failures = 0,
    budgets = { exchange = { limit = 50, used = 3 }, refresh = { limit = json.null, used = 0 } },
  }
  for name, value in pairs(changes or {}) do
    document[name] = value
  end
  return document
end

-- The response and its families; the keeper answers with this document for each account.
local function answer(document, requests)
  local keeper = fake_keeper.new()
  keeper.answers = { document = { document or document_of() }, tally = TALLY }
  function keeper.names()
    return { "acme" }
  end
  local response = metrics.answer(keeper, requests or {})
  return prometheus.parse(response.body), response
end

local function values_of(family)
  local values = {}
  for _, sample in ipairs(family and family.samples or {}) do
    local names = {}
    for _, name in ipairs { "listener", "kind", "outcome", "status" } do
      table.insert(names, sample.labels[name])
    end
    values[table.concat(names, " ")] = sample.value
  end
  return values
end

describe("metrics", function()
  it("are text that no cache keeps", function()
    local families, response = answer()
    assert.are.equal(200, response.status)
    assert.are.equal("text/plain; version=0.0.4; charset=utf-8", response.headers["Content-Type"])
    assert.are.equal("no-store", response.headers["Cache-Control"])
    assert.are.same({ { labels = { version = version }, value = 1 } }, families.usher_build_info.samples)
  end)

  it("tell of an account", function()
    local families = answer()
    assert.are.same(
      { account = "acme", provider = "memories_ai", status = "ready" },
      families.usher_account_status.samples[1].labels
    )
    assert.are.same({ [""] = 1800003600 }, values_of(families.usher_token_expiry_timestamp_seconds))
    assert.are.same({ [""] = 1800002000 }, values_of(families.usher_next_attempt_timestamp_seconds))
    assert.are.same({ [""] = 3 }, values_of(families.usher_pushes_total))
    assert.are.same(
      { ["exchange ok"] = 1, ["exchange credential"] = 2 },
      values_of(families.usher_attempts_total)
    )
    assert.are.same({ [""] = 0 }, values_of(families.usher_consecutive_failures))
    assert.are.same({ exchange = 3, refresh = 0 }, values_of(families.usher_budget_used))
  end)

  it("leave out what has no value", function()
    local families = answer(document_of { token = json.null, refresh_token = json.null })
    assert.is_nil(families.usher_token_expiry_timestamp_seconds)
    assert.is_nil(families.usher_refresh_token_expiry_timestamp_seconds)
    assert.is_nil(families.usher_last_push_timestamp_seconds)
    assert.are.same({ exchange = 50 }, values_of(families.usher_budget_limit))
  end)

  it("count answers by listener and status", function()
    local families = answer(nil, { callback = { [200] = 4, [403] = 1 }, api = { [200] = 9 } })
    local expected = { ["callback 200"] = 4, ["callback 403"] = 1, ["api 200"] = 9 }
    assert.are.same(expected, values_of(families.usher_requests_total))
  end)

  it("say whether the store is up", function()
    local keeper = fake_keeper.new()
    keeper.answers = { document = { document_of() }, tally = TALLY }
    for is_up, expected in pairs { [true] = 1, [false] = 0 } do
      function keeper.is_store_up()
        return is_up
      end
      function keeper.names()
        return {}
      end
      local families = prometheus.parse(metrics.answer(keeper, {}).body)
      assert.are.same({ [""] = expected }, values_of(families.usher_store_up))
    end
  end)

  it("show the first thousand accounts by name, and how many there are", function()
    local keeper, names = fake_keeper.new(), {}
    for index = 1, 1001 do
      names[index] = ("account-%04d"):format(1002 - index)
    end
    function keeper.names()
      return { table.unpack(names) }
    end
    function keeper.document(_, name)
      return document_of { name = name }
    end
    function keeper.tally()
      return TALLY
    end
    local families = prometheus.parse(metrics.answer(keeper, {}).body)
    assert.are.equal(1001, families.usher_accounts.samples[1].value)
    local samples = families.usher_account_status.samples
    assert.are.equal(1000, #samples)
    assert.are.equal("account-0001", samples[1].labels.account)
    assert.are.equal("account-1000", samples[1000].labels.account)
  end)

  it("hold no secret, no subject and no path", function()
    local _, response = answer()
    assert.not_matches("a-subject", response.body, 1, true)
    assert.not_matches("0a1b2c3d", response.body, 1, true)
    for _, definition in ipairs(metrics.ACCOUNT) do
      for _, label in ipairs(definition.labels) do
        assert.is_truthy(({ status = true, kind = true, outcome = true })[label], label)
      end
    end
  end)
end)
