-- SPDX-License-Identifier: MIT
-- A keeper of two accounts that notes what it is asked and answers what it is told: `answers[verb]`.

local errors = require "usher.errors"

local fake_keeper = {}

local NAMES = { "bolt", "acme" }

---@return table keeper with `calls` and `answers`
function fake_keeper.new()
  local keeper = { calls = {}, answers = {} }

  local function answer(verb, name, options)
    if name ~= "acme" and name ~= "bolt" then
      return errors.fail "unknown_account"
    end
    table.insert(keeper.calls, { verb, name, options })
    return table.unpack(keeper.answers[verb] or { { name = name } }, 1, 2)
  end

  function keeper.names()
    return { table.unpack(NAMES) }
  end

  function keeper.document(_, name)
    return answer("document", name)
  end

  function keeper.tally()
    return keeper.answers.tally or { pushes = 0, attempts = { exchange = {}, refresh = {} } }
  end

  function keeper.is_store_up()
    return true
  end

  function keeper.token(_, name, options)
    return answer("token", name, options)
  end

  function keeper.refresh(_, name, options)
    return answer("refresh", name, options)
  end

  function keeper.tenants(_, name)
    return answer("tenants", name)
  end

  function keeper.tenant_token(_, name, tenant, options)
    return answer("tenant_token", name, { tenant, options })
  end

  function keeper.tenant_refresh(_, name, tenant, options)
    return answer("tenant_refresh", name, { tenant, options })
  end

  function keeper.authorize(_, name, options)
    return answer("authorize", name, options)
  end

  function keeper.authorization(_, name, options)
    local queue = keeper.answers.authorizations
    if queue then
      return table.remove(queue, 1)
    end
    return answer("authorization", name, options)
  end

  function keeper.revoke(_, name)
    return answer("revoke", name)
  end

  function keeper.for_callback()
    return {
      find = function() end,
      take = function() end,
      fail = function() end,
    }
  end

  return keeper
end

return fake_keeper
