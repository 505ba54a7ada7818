-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local records = require "usher.store.records"

describe("records", function()
  local examples = {
    tokens = { token_set = { access_token = "a", expires_at = 1800000000 }, subject = "s" },
    inbox = {
      sequence = 3,
      pushes = { { sequence = 3, credential = "c", received_at = 1800000000, hash = "h" } },
      spent = { { hash = "x", at = 1800000000 } },
      gaps = { 600, 0 },
      last_push_at = 1800000000,
    },
    claim = {
      fence = 7,
      lease = { owner = "o", fence = 7, started_at = 1, expires_at = 2 },
      journal = { kind = "exchange", fence = 7, owner = "o", at = 1, entry = { sequence = 3 }, hash = "h" },
      budgets = { exchange = { [500000] = 2, [499999] = 1 }, refresh = {} },
    },
  }
  for field, record in pairs(examples) do
    it("survive as text: " .. field, function()
      assert.are.same(record, records.decode(field, records.encode(field, record)))
    end)

    it("survive when empty: " .. field, function()
      local empty = records.empty(field)
      assert.are.same(empty, records.decode(field, records.encode(field, empty)))
    end)
  end

  it("keep hours and counts integers", function()
    local claim = records.decode("claim", records.encode("claim", examples.claim))
    for hour, count in pairs(claim.budgets.exchange) do
      assert.are.same({ "integer", "integer" }, { math.type(hour), math.type(count) })
    end
  end)

  it("refuse a text that is no record", function()
    for _, text in ipairs { "", "{", "3", "null", "{}", '{"fence":"x","budgets":{}}' } do
      local record, err = records.decode("claim", text)
      assert.is_nil(record)
      assert.are.equal("store_corrupt", err.code)
    end
  end)

  it("refuse budgets that are none", function()
    for _, budgets in ipairs {
      '{"exchange":3}',
      '{"exchange":{"soon":1}}',
      '{"exchange":{"1":"2"}}',
      '{"a":{"1":1.5}}',
    } do
      local record, err = records.decode("claim", ('{"fence":1,"budgets":%s}'):format(budgets))
      assert.is_nil(record)
      assert.are.equal("store_corrupt", err.code)
    end
  end)

  it("refuse what has no JSON form", function()
    local text, err = records.encode("tokens", { subject = "\xff" })
    assert.is_nil(text)
    assert.are.equal("invalid_argument", err.code)
  end)

  it("are copied with changes", function()
    local record = { a = 1, b = 2 }
    assert.are.same({ a = 1, b = 3 }, records.with(record, { b = 3 }))
    assert.are.equal(2, record.b)
  end)
end)
