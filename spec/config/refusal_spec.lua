-- SPDX-License-Identifier: MIT
local refusal = require "usher.config.refusal"
local values = require "usher.config.values"

local KEY = { value = { allowed = "nothing" } }

describe("a refusal", function()
  for expected, value in pairs {
    ['"lo?ud" is not allowed; allowed: nothing'] = "lo\nud",
    ["17 is not allowed; allowed: nothing"] = 17,
    ["true is not allowed; allowed: nothing"] = true,
    ["is not allowed; allowed: nothing"] = {},
    [('"%s..." is not allowed; allowed: nothing'):format(("x"):rep(80))] = ("x"):rep(81),
  } do
    it("says: " .. expected, function()
      assert.are.equal(expected, refusal.of(KEY, value))
    end)
  end

  it("may have a reason of its own, and shows no secret", function()
    assert.are.equal('"x" is too early; allowed: nothing', refusal.of(KEY, "x", "is too early"))
    assert.are.equal(
      "is not allowed; allowed: nothing",
      refusal.of({ value = KEY.value, secret = true }, "s3cret")
    )
  end)

  it("shows neither a callback's path nor a URL's password", function()
    assert.not_matches("s3cret", refusal.of({ value = values.callback_path }, "/callback/s3cret?"))
    assert.matches(
      '"https://...@h/a" is not allowed',
      refusal.of({ value = values.base_url }, "https://me:s3cret@h/a"),
      1,
      true
    )
  end)
end)
