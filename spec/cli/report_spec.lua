-- SPDX-License-Identifier: MIT
local report = require "usher.cli.report"

local NOW = 1800000000

local DOCUMENT = {
  name = "acme",
  provider = "memories_ai",
  status = "retrying",
  subject = "d7a7",
  token = { issued_at = NOW - 100, expires_at = NOW + 7500, fingerprint = "0badcafe" },
  refresh_token = { expires_at = NOW + 40 * 86400 + 3600 },
  next_attempt_at = NOW + 59,
  last_push_at = NOW - 605,
  pushes_24h = 144,
  failures = 2,
  last_error = { class = "retryable", code = "timeout", at = NOW - 1 },
  budgets = {
    exchange = { limit = 50, used = 50, opens_at = NOW + 3600 },
    refresh = { limit = 500, used = 3 },
  },
  needs = "Click Authorize in the console.",
}

local EMPTY = { name = "default", provider = "memories_ai", status = "awaiting_credential" }

describe("report.accounts", function()
  it("is a table, with what is needed below", function()
    assert.are.equal(
      table.concat({
        "ACCOUNT  STATUS               TOKEN  REFRESH TOKEN  LAST PUSH   NEXT ATTEMPT",
        "acme     retrying             2h 5m  40d 1h         10m 5s ago  in 59s",
        "default  awaiting_credential  none   none           never       -",
        "",
        "acme: Click Authorize in the console.",
        "",
      }, "\n"),
      report.accounts({ DOCUMENT, EMPTY }, NOW)
    )
  end)

  it("is only the heading without accounts", function()
    assert.matches("^ACCOUNT[^\n]*\n$", report.accounts({}, NOW))
  end)
end)

describe("report.account", function()
  it("says all there is", function()
    assert.are.equal(
      table.concat({
        "account        acme",
        "provider       memories_ai",
        "status         retrying",
        "subject        d7a7",
        "token          2h 5m (fingerprint 0badcafe)",
        "refresh token  40d 1h",
        "next attempt   in 59s",
        "last push      10m 5s ago, 144 in 24 h",
        "failures       2",
        "last error     retryable: timeout, 1s ago",
        "exchanges      50 of 50 used in 24 h, opens in 1h",
        "refreshes      3 of 500 used in 24 h",
        "needs          Click Authorize in the console.",
        "",
      }, "\n"),
      report.account(DOCUMENT, NOW)
    )
  end)

  it("copes with an account that has nothing yet", function()
    local text = report.account(EMPTY, NOW)
    assert.matches("subject        none known\n", text)
    assert.matches("token          none\n", text)
    assert.matches("last push      never, 0 in 24 h\n", text)
  end)

  it("shows a dead token as such", function()
    assert.matches(
      "token          expired",
      report.account({ name = "a", token = { expires_at = NOW } }, NOW)
    )
  end)

  it("lets no value drive the terminal", function()
    assert.is_nil(report.account({ name = "a", subject = "\27[2J\n" }, NOW):find "\27")
  end)

  it("counts requests that have no limit", function()
    local document =
      { name = "a", provider = "oauth2", status = "ready", budgets = { exchange = { used = 3 } } }
    assert.matches("\nexchanges      3 used in 24 h\n", report.account(document, NOW), 1, true)
  end)
end)
