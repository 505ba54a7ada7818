-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local inbox = require "usher.store.inbox"
local records = require "usher.store.records"

local DAY = 24 * 3600
local NOW = 1800000000

local function push(subject, credential, received_at)
  return {
    subject = subject,
    credential = credential,
    received_at = received_at or NOW,
    hash = "h" .. credential,
  }
end

-- Each push is { subject, credential, received_at }.
local function inbox_of(pushes, pinned, record)
  record = record or records.empty "inbox"
  for _, one in ipairs(pushes) do
    record = assert(inbox.add(record, push(table.unpack(one, 1, 3)), pinned))
  end
  return record
end

local function credentials(record)
  local list = {}
  for index, one in ipairs(record.pushes) do
    list[index] = one.credential
  end
  return table.concat(list, " ")
end

describe("inbox keeps", function()
  local cases = {
    ["the newest of each subject before the pin"] = {
      { { "a", "1" }, { "b", "2" }, { "a", "3" }, { "b", "4" } },
      nil,
      "3 4",
    },
    ["at most four subjects, the newest"] = {
      { { "a", "1" }, { "b", "2" }, { "c", "3" }, { "d", "4" }, { "e", "5" } },
      nil,
      "2 3 4 5",
    },
    ["pushes without a subject as one subject"] = { { { nil, "1" }, { nil, "2" }, { "a", "3" } }, nil, "2 3" },
    ["the newest two of the pinned subject"] = { { { "a", "1" }, { "a", "2" }, { "a", "3" } }, "a", "2 3" },
    ["pushes that name no subject as the pinned one's"] = { { { "a", "1" }, { nil, "2" } }, "a", "1 2" },
  }
  for name, case in pairs(cases) do
    it(name, function()
      assert.are.equal(case[3], credentials(inbox_of(case[1], case[2])))
    end)
  end

  it("one that was not tried yet before one that was", function()
    local record = inbox_of { { "a", "1" }, { "b", "2" }, { "c", "3" }, { "d", "4" } }
    record = inbox.mark_attempted(record, 3, NOW)
    assert.are.equal("1 2 4 5", credentials(inbox_of({ { "e", "5" } }, nil, record)))
  end)

  it("only the pinned subject's from the pin on", function()
    local record = inbox_of { { "a", "1" }, { "b", "2" }, { "c", "3" } }
    assert.are.equal("2", credentials(inbox.pin(record, "b")))
  end)

  it("nothing of another subject than the pinned one", function()
    local record, err = inbox.add(records.empty "inbox", push("b", "1"), "a")
    assert.is_nil(record)
    assert.are.equal("forbidden", err.code)
  end)
end)

describe("inbox", function()
  it("numbers pushes without a gap, and never twice", function()
    local record = inbox_of { { "a", "1" }, { "a", "2" } }
    assert.are.equal(2, record.pushes[1].sequence)
    record = inbox.spend(record, 2, NOW)
    record = inbox_of({ { "a", "3" } }, nil, record)
    assert.are.equal(3, record.pushes[1].sequence)
  end)

  it("keeps whole seconds", function()
    local record = inbox.add(records.empty "inbox", {
      credential = "1",
      hash = "h1",
      received_at = NOW + 0.7,
      expires_at = NOW + 600.7,
    })
    assert.are.same({ NOW, NOW + 600 }, { record.pushes[1].received_at, record.pushes[1].expires_at })
    assert.are.equal("integer", math.type(record.pushes[1].received_at))
  end)

  it("knows a kept push again", function()
    local record, err = inbox.add(inbox_of { { "a", "1" } }, push("a", "1"))
    assert.is_nil(record)
    assert.are.equal("repeat", err.code)
  end)

  it("knows a spent one again for a day", function()
    local record = inbox.spend(inbox_of { { "a", "1" } }, 1, NOW)
    assert.are.equal(0, #record.pushes)
    assert.are.equal("repeat", select(2, inbox.add(record, push("a", "1", NOW + DAY - 1))).code)
    assert.is_table(inbox.add(record, push("a", "1", NOW + DAY)))
  end)

  it("forgets spent ones after a day", function()
    local record = inbox.spend(inbox_of { { "a", "1" } }, 1, NOW)
    assert.are.same({}, inbox_of({ { "a", "2", NOW + DAY } }, nil, record).spent)
  end)

  it("spends one that was displaced, by its hash", function()
    local record = inbox_of({ { "a", "1" }, { "a", "2" }, { "a", "3" } }, "a")
    assert.are.equal(record, inbox.spend(record, 1, NOW))
    record = inbox.spend(record, 1, NOW, "h1")
    assert.are.equal("repeat", select(2, inbox.add(record, push("a", "1"))).code)
    assert.are.equal("2 3", credentials(record))
  end)

  it("remembers the last eight gaps, none below zero", function()
    local times, at = {}, NOW
    for index, gap in ipairs { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -100, 11 } do
      at = at + gap
      times[index] = { "a", tostring(index), at }
    end
    assert.are.same({ 4, 5, 6, 7, 8, 9, 10, 11 }, inbox_of(times).gaps)
    assert.are.equal(at, inbox_of(times).last_push_at)
  end)

  it("notes when a push was tried, and that it was not after all", function()
    local record = inbox.mark_attempted(inbox_of { { "a", "1" } }, 1, NOW)
    assert.are.equal(NOW, record.pushes[1].attempted_at)
    assert.is_nil(inbox.mark_attempted(record, 1, nil).pushes[1].attempted_at)
    assert.are.equal(record, inbox.mark_attempted(record, 9, NOW))
    assert.are.equal(record, inbox.mark_attempted(record, nil, NOW))
  end)

  it("changes no record that it is given", function()
    local record = inbox_of { { "a", "1" } }
    local text = records.encode("inbox", record)
    inbox.add(record, push("a", "2"))
    inbox.mark_attempted(record, 1, NOW)
    inbox.spend(record, 1, NOW)
    inbox.pin(record, "b")
    assert.are.equal(text, records.encode("inbox", record))
  end)
end)
