-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local token_set = require "usher.model.token_set"

local SENT_AT = 1800000000.75
local FLOOR = 1800000000
local DAY = 86400

local function previous(fields)
  local tokens = {
    access_token = "old",
    token_type = "Bearer",
    issued_at = FLOOR - 7000,
    expires_at = FLOOR + 200,
    refresh_token = "refresh",
    refresh_issued_at = FLOOR - DAY,
    refresh_expires_at = FLOOR + 59 * DAY,
  }
  for name, value in pairs(fields or {}) do
    tokens[name] = value
  end
  return tokens
end

describe("token set", function()
  it("counts every lifetime from the moment the request was sent", function()
    local answer = {
      access_token = "a",
      token_type = "bearer",
      expires_in = 7200,
      refresh_token = "r",
      refresh_expires_in = DAY,
    }
    assert.are.same({
      access_token = "a",
      token_type = "bearer",
      issued_at = FLOOR,
      expires_at = FLOOR + 7200,
      refresh_token = "r",
      refresh_issued_at = FLOOR,
      refresh_expires_at = FLOOR + DAY,
    }, token_set.from_answer(answer, SENT_AT))
  end)

  -- A consumer writes it into a header. The tokens beside it are good all the same.
  it("is of the usual type where the answer's is none", function()
    for _, type in ipairs { "Bearer\r\nX: 1", "", "Bear er", 5, {}, true } do
      local tokens = token_set.from_answer({ access_token = "a", token_type = type }, SENT_AT)
      assert.are.equal("Bearer", tokens.token_type)
    end
    local tokens = token_set.from_answer(
      { access_token = "a", token_type = "\27" },
      SENT_AT,
      previous { token_type = "DPoP" }
    )
    assert.are.equal("DPoP", tokens.token_type)
  end)

  -- A time beyond what an integer holds would be none for the API, and for whoever prints it.
  it("believes no lifetime of more than ten years", function()
    for _, seconds in ipairs { 1e300, 1e18, 2 ^ 53 } do
      local answer =
        { access_token = "a", expires_in = seconds, refresh_token = "r", refresh_expires_in = seconds }
      local tokens = token_set.from_answer(answer, SENT_AT)
      assert.are.same(
        { FLOOR + 3660 * DAY, FLOOR + 3660 * DAY },
        { tokens.expires_at, tokens.refresh_expires_at }
      )
      assert.are.equal("integer", math.type(tokens.expires_at))
      assert.are.equal("integer", math.type(tokens.refresh_expires_at))
    end
  end)

  it("takes the provider's usual lifetimes where the answer names none", function()
    local tokens = token_set.from_answer(
      { access_token = "a", refresh_token = "r" },
      SENT_AT,
      nil,
      { access = 60, refresh = 600 }
    )
    assert.are.same({ FLOOR + 60, FLOOR + 600 }, { tokens.expires_at, tokens.refresh_expires_at })
  end)

  it("knows no end of a refresh token of which nobody tells one", function()
    assert.is_nil(
      token_set.from_answer({ access_token = "a", refresh_token = "r" }, SENT_AT).refresh_expires_at
    )
  end)

  it("keeps a refresh token that came alone, and never takes it for an access token that lives", function()
    local answer = { refresh_token = "r", is_bare = true, expires_in = 60 }
    local tokens = token_set.from_answer(answer, SENT_AT)
    assert.are.same({ "r", FLOOR }, { tokens.refresh_token, tokens.expires_at })
    assert.is_false(token_set.is_valid(tokens, FLOOR))
    answer.is_bare = nil
    assert.is_nil(token_set.from_answer(answer, SENT_AT))
    assert.is_nil(token_set.from_answer({ is_bare = true }, SENT_AT))
    assert.is_nil(token_set.from_answer({ is_bare = true, refresh_token = "r", access_token = "" }, SENT_AT))
  end)

  it("never overwrites a refresh token with nothing", function()
    local tokens = token_set.from_answer({ access_token = "a", expires_in = 60 }, SENT_AT, previous())
    assert.are.same(
      { "refresh", FLOOR - DAY, FLOOR + 59 * DAY },
      { tokens.refresh_token, tokens.refresh_issued_at, tokens.refresh_expires_at }
    )
    assert.is_nil(tokens.refresh_rotated)
  end)

  it("does not make a repeated refresh token younger", function()
    local tokens = token_set.from_answer(
      { access_token = "a", refresh_token = "refresh" },
      SENT_AT,
      previous(),
      { refresh = DAY }
    )
    assert.are.equal(FLOOR + 59 * DAY, tokens.refresh_expires_at)
  end)

  it("believes a stated lifetime of a repeated refresh token", function()
    local answer = { access_token = "a", refresh_token = "refresh", refresh_expires_in = DAY }
    assert.are.equal(FLOOR + DAY, token_set.from_answer(answer, SENT_AT, previous()).refresh_expires_at)
  end)

  it(
    "replaces a rotated refresh token, forgets that the old one was spent, and remembers the rotation",
    function()
      local old = previous { refresh_spent_at = FLOOR - 10 }
      local tokens = token_set.from_answer({ access_token = "a", refresh_token = "new" }, SENT_AT, old)
      assert.are.equal("new", tokens.refresh_token)
      assert.is_nil(tokens.refresh_spent_at)
      assert.is_true(tokens.refresh_rotated)
      assert.is_true(token_set.from_answer({ access_token = "b" }, SENT_AT, tokens).refresh_rotated)
    end
  )

  local faults = {
    ["an access token that cannot stand in a header"] = { access_token = "\u{e9}" },
    ["a refresh token with a space"] = { access_token = "a", refresh_token = "r t" },
    ["no access token"] = { expires_in = 60 },
    ["an empty access token"] = { access_token = "" },
    ["an access token that would split a header"] = { access_token = "a\r\nX: y" },
    ["an access token of another type"] = { access_token = 5 },
    ["an access token that is not UTF-8"] = { access_token = "a\xff" },
    ["a refresh token that is not UTF-8"] = { access_token = "a", refresh_token = "r\xff" },
    ["an empty refresh token"] = { access_token = "a", refresh_token = "" },
    ["a lifetime of nothing"] = { access_token = "a", expires_in = 0 },
    ["a negative lifetime"] = { access_token = "a", expires_in = -5 },
    ["an endless lifetime"] = { access_token = "a", expires_in = math.huge },
    ["a lifetime that is no number"] = { access_token = "a", expires_in = "60" },
    ["NaN"] = { access_token = "a", refresh_token = "r", refresh_expires_in = 0 / 0 },
  }
  for name, answer in pairs(faults) do
    it("refuses " .. name, function()
      local tokens, err = token_set.from_answer(answer, SENT_AT, previous())
      assert.is_nil(tokens)
      assert.are.equal("bad_response", err.code)
    end)
  end

  it("is valid until its end, not at it", function()
    assert.is_true(token_set.is_valid({ expires_at = 10 }, 9.999))
    assert.is_false(token_set.is_valid({ expires_at = 10 }, 10))
  end)

  it("shows eight digits of its hash", function()
    assert.are.equal("ba7816bf", token_set.fingerprint "abc")
  end)
end)
