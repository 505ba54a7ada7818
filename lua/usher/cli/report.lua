-- SPDX-License-Identifier: MIT
-- Accounts' documents (GET /v1/accounts) as text for people. Pure.

local report = {}

local UNITS = { { "d", 86400 }, { "h", 3600 }, { "m", 60 }, { "s", 1 } }

-- Two units say enough: "2h 5m", "3d", "45s".
local function duration(seconds)
  local rest = math.max(0, math.floor(seconds))
  for index, unit in ipairs(UNITS) do
    local name, size = table.unpack(unit)
    if rest >= size then
      local smaller = UNITS[index + 1]
      local remainder = smaller and rest % size // smaller[2] or 0
      return ("%d%s"):format(rest // size, name)
        .. (remainder > 0 and (" %d%s"):format(remainder, smaller[1]) or "")
    end
  end
  return "0s"
end

local function ago(at, now)
  return at and duration(now - at) .. " ago" or "never"
end

local function ahead(at, now)
  if not at then
    return "-"
  end
  return at > now and "in " .. duration(at - now) or "now"
end

local function life(token, now)
  if not token then
    return "none"
  elseif not token.expires_at then
    return "valid"
  end
  return token.expires_at > now and duration(token.expires_at - now) or "expired"
end

-- A subject or message comes from elsewhere: a terminal must not obey it.
local function clean(value)
  return (tostring(value):gsub("%c", "?"))
end

-- all accounts ----------------------------------------------------------------------------------------

local COLUMNS = { "ACCOUNT", "STATUS", "TOKEN", "REFRESH TOKEN", "LAST PUSH", "NEXT ATTEMPT" }

local function row_of(document, now)
  return {
    clean(document.name),
    clean(document.status),
    life(document.token, now),
    life(document.refresh_token, now),
    ago(document.last_push_at, now),
    ahead(document.next_attempt_at, now),
  }
end

local function widths_of(rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for column, cell in ipairs(row) do
      widths[column] = math.max(widths[column] or 0, utf8.len(cell) or #cell)
    end
  end
  return widths
end

local function padded(row, widths)
  local cells = {}
  for column, cell in ipairs(row) do
    cells[column] = cell .. (" "):rep(widths[column] - (utf8.len(cell) or #cell))
  end
  return (table.concat(cells, "  "):gsub(" +$", ""))
end

--- A table of accounts, and below it what a person must do.
---@param documents table[]
---@param now integer Unix seconds
---@return string
function report.accounts(documents, now)
  local rows, needs = { COLUMNS }, {}
  for _, document in ipairs(documents) do
    table.insert(rows, row_of(document, now))
    if document.needs then
      table.insert(needs, ("%s: %s"):format(clean(document.name), clean(document.needs)))
    end
  end
  local widths, lines = widths_of(rows), {}
  for index, row in ipairs(rows) do
    lines[index] = padded(row, widths)
  end
  if #needs > 0 then
    table.insert(lines, "")
    table.move(needs, 1, #needs, #lines + 1, lines)
  end
  return table.concat(lines, "\n") .. "\n"
end

-- one account -----------------------------------------------------------------------------------------

local function budget_line(budget, now)
  if not budget then
    return nil
  end
  local of_limit = budget.limit and " of " .. budget.limit or ""
  local line = ("%s%s used in 24 h"):format(budget.used, of_limit)
  return budget.opens_at
      and budget.opens_at > now
      and ("%s, opens in %s"):format(line, duration(budget.opens_at - now))
    or line
end

local function error_line(err, now)
  return err and ("%s: %s, %s"):format(clean(err.class), clean(err.code), ago(err.at, now))
end

local function token_line(token, now)
  local line = life(token, now)
  return token and token.fingerprint and ("%s (fingerprint %s)"):format(line, clean(token.fingerprint))
    or line
end

--- One account at length.
---@param document table
---@param now integer Unix seconds
---@return string
function report.account(document, now)
  local budgets = document.budgets or {}
  local facts = {
    { "account", clean(document.name) },
    { "provider", clean(document.provider) },
    { "status", clean(document.status) },
    { "subject", document.subject and clean(document.subject) or "none known" },
    { "token", token_line(document.token, now) },
    { "refresh token", life(document.refresh_token, now) },
    { "next attempt", ahead(document.next_attempt_at, now) },
    { "last push", ("%s, %s in 24 h"):format(ago(document.last_push_at, now), document.pushes_24h or 0) },
    { "failures", tostring(document.failures or 0) },
    { "last error", error_line(document.last_error, now) },
    { "exchanges", budget_line(budgets.exchange, now) },
    { "refreshes", budget_line(budgets.refresh, now) },
    { "needs", document.needs and clean(document.needs) },
  }
  local lines = {}
  for _, fact in ipairs(facts) do
    if fact[2] then
      table.insert(lines, ("%-14s %s"):format(fact[1], fact[2]))
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

return report
