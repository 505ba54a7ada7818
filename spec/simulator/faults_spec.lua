-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local faults = require "usher.simulator.faults"

local function kinds_of(list)
  local kinds = {}
  for index, fault in ipairs(list) do
    kinds[index] = fault and fault.kind or "none"
  end
  return table.concat(kinds, " ")
end

describe("a fault", function()
  it("is read and made complete", function()
    assert.are.same(
      { kind = "http", endpoint = "refresh", count = 3, status = 503, retry_after = "30", commit = false },
      faults.read { kind = "http", endpoint = "refresh", count = 3, status = 503, retry_after = 30 }
    )
    assert.are.same(
      { kind = "clock_offset", seconds = -5.5 },
      faults.read { kind = "clock_offset", seconds = -5.5 }
    )
    assert.are.same({ kind = "lost", endpoint = "push" }, faults.read { kind = "lost", endpoint = "push" })
  end)

  it("is parsed from a word", function()
    assert.are.same(
      { kind = "close", endpoint = "exchange", count = 2, commit = true },
      faults.parse "exchange:close,commit=true,count=2"
    )
    assert.are.same(
      { kind = "odd", endpoint = "refresh", field = "expiresIn", value = '"7200"' },
      faults.parse 'refresh:odd,value="7200"'
    )
    assert.are.same({ kind = "clock_offset", seconds = 90 }, faults.parse "clock_offset,seconds=90")
  end)

  for text, reason in pairs {
    ["refresh:flood"] = "'flood' is no fault; there are: clock_offset, close, ",
    [""] = "'' is no fault",
    ["hang"] = "'hang' needs an endpoint of: exchange, refresh",
    ["push:hang"] = "needs an endpoint",
    ["refresh:clock_offset"] = "'clock_offset' has no endpoint",
    ["refresh:hang,second=1"] = "'hang' takes no 'second'",
    ["refresh:hang,seconds=soon"] = "'seconds' is no number",
    ["refresh:hang,seconds=-1"] = "'seconds' is no number",
    ["refresh:hang,commit=1"] = "'commit' is no boolean",
    ["refresh:hang,count=0"] = "'count' is a whole number",
    ["refresh:hang,count=x"] = "'count' is a whole number",
    ["clock_offset,count=1"] = "'count' is a whole number",
    ["refresh:hang,seconds"] = "'seconds' is not NAME=VALUE",
  } do
    it(("is refused with a reason: '%s'"):format(text), function()
      local fault, why = faults.parse(text)
      assert.is_nil(fault)
      assert.matches(reason, why, 1, true)
    end)
  end
end)

describe("faults", function()
  local function set(...)
    local subject = faults.new()
    for _, text in ipairs { ... } do
      subject:add(assert(faults.parse(text)))
    end
    return subject
  end

  it("are used up by count, at their endpoint", function()
    local subject = set("refresh:empty,count=2", "exchange:empty,count=1")
    assert.are.equal("empty", subject:take("refresh").kind)
    assert.is_nil(subject:take "push")
    assert.are.equal(1, subject:list()[1].count)
    assert.are.equal("empty", subject:take("refresh").kind)
    assert.is_nil(subject:take "refresh")
    assert.are.equal(1, #subject:list())
  end)

  it("befall in the order they were set, before those without a count", function()
    local subject = set("refresh:hang", "refresh:slow", "refresh:empty,count=1", "refresh:close,count=1")
    local taken = {}
    for index = 1, 4 do
      taken[index] = subject:take "refresh"
    end
    assert.are.equal("empty close slow slow", kinds_of(taken))
  end)

  it("leave modes to go with them", function()
    local subject = set("refresh:rotation,count=1", "clock_offset,seconds=9")
    assert.is_nil(subject:take "refresh")
    assert.are.equal("rotation", subject:take_mode("rotation").kind)
    assert.is_nil(subject:take_mode "rotation")
    assert.are.equal(9, subject:clock_offset())
  end)

  it("are cleared by endpoint, or all", function()
    local subject = set("refresh:hang", "push:lost", "clock_offset")
    subject:clear "push"
    assert.are.equal("hang clock_offset", kinds_of(subject:list()))
    subject:clear()
    assert.are.equal("", kinds_of(subject:list()))
    assert.are.equal(0, subject:clock_offset())
  end)

  it("let the provider act, or not", function()
    for text, acts in pairs {
      ["refresh:slow"] = true,
      ["refresh:unreachable"] = false,
      ["refresh:close"] = false,
      ["refresh:close,commit=true"] = true,
    } do
      assert.are.equal(acts, faults.lets_act(faults.parse(text)), text)
    end
  end)
end)
