-- SPDX-License-Identifier: MIT
-- A keeper of one account, "acme", that nobody has started: nothing happens but what a spec calls. Its provider's
-- responses say themselves what they are: `class`, `code`, `answer`.

local core = require "usher.core"
local errors = require "usher.errors"
local fake_clock = require "spec.support.fake_clock"
local keeper = require "usher.keeper"
local memory = require "usher.store.memory"
local records = require "usher.keeper.records"
local recorder = require "spec.support.recorder"

local one_account = {}

local OneAccount = {}
OneAccount.__index = OneAccount

local function provider()
  local script = { name = "toy", policy = {} }
  function script.exchange(_, credential)
    return { method = "POST", url = "http://toy/exchange", body = credential }
  end
  function script.refresh(_, tokens)
    return tokens.refresh_token
        and { method = "POST", url = "http://toy/refresh", body = tokens.refresh_token }
      or nil
  end
  function script.classify(response)
    return response.class, response.code
  end
  function script.read_tokens(response)
    return response.answer
  end
  return script
end

--- A token set that was issued now.
---@param name string "a" has the tokens "a" and "ra"
---@param life? integer seconds
function OneAccount:tokens(name, life)
  local now = self.clock:wall()
  return {
    access_token = name,
    token_type = "Bearer",
    refresh_token = "r" .. name,
    issued_at = now,
    expires_at = now + (life or 3600),
  }
end

--- Reads the account's record anew.
function OneAccount:reload()
  assert(records.reload(self.keeper, self.account))
end

--- Gives the account a token set, as if it had been obtained before.
function OneAccount:hold(tokens, alternate)
  local record = self:record()
  local change = {
    epoch = record.epoch,
    token_set = tokens,
    alternate = alternate,
    subject = "me",
    now = self.clock:wall(),
  }
  assert(self.store:commit("acme", change, record.version))
  self:reload()
end

--- Gives the account a credential.
---@return table push as the store keeps it
function OneAccount:push(credential)
  assert(
    self.store:offer("acme", { subject = "me", credential = credential, received_at = self.clock:wall() })
  )
  self:reload()
  local pushes = self.account.record.pushes
  return pushes[#pushes]
end

--- The record as the store has it.
function OneAccount:record()
  return assert(self.store:load "acme")
end

--- The access token that consumers get.
function OneAccount:served()
  local answer = self.account:answer(self.keeper:now())
  return answer and answer.access_token
end

--- Has these functions of the store fail; without any, all work again.
function OneAccount:break_store(...)
  for name in pairs(self.broken) do
    self.store[name], self.broken[name] = nil, nil
  end
  for _, name in ipairs { ... } do
    self.broken[name] = true
    self.store[name] = function()
      return errors.fail("store_failed", "spec")
    end
  end
end

--- The events of that name, in order.
function OneAccount:told(name)
  local told = {}
  for _, event in ipairs(self.events) do
    table.insert(told, event.event == name and event or nil)
  end
  return told
end

--- The log lines of that event, in order.
function OneAccount:logged(name)
  local logged = {}
  for _, line in ipairs(self.lines) do
    table.insert(logged, line.event == name and line or nil)
  end
  return logged
end

--- Runs a function as a task, and what it sets off, until all wait.
---@return {is_done: boolean?, value: any, err: any}
function OneAccount.run(_, fn, ...)
  local box = {}
  core.loop:spawn(function(...)
    box.value, box.err = fn(...)
    box.is_done = true
  end, ...)
  repeat
    core.loop:step()
  until not core.loop:has_ready_tasks()
  return box
end

--- The response that brings a token set.
function one_account.success(name)
  local answer = { access_token = name, refresh_token = "r" .. name, expires_in = 3600 }
  return { status = 200, headers = {}, class = "ok", answer = answer }
end

---@param options? {policy: table?, subject: string?, disabled: boolean?, provider: table?} `provider`: more fields of
---the provider script
---@return table has `keeper`, `account`, `store`, `clock`, `provider`, `requests`, `events`, `lines`; to be given
--- `respond`, a `function(request)` in place of a transfer
function one_account.new(options)
  options = options or {}
  local log, lines = recorder.new()
  local self = setmetatable({
    clock = fake_clock.new(),
    store = memory.new {},
    provider = provider(),
    log = log,
    lines = lines,
    events = {},
    requests = {},
    broken = {},
  }, OneAccount)
  for name, value in pairs(options.provider or {}) do
    self.provider[name] = value
  end
  assert(self.store:open())
  self.keeper = keeper.new {
    store = self.store,
    transfer = function(request)
      table.insert(self.requests, request)
      return self.respond(request)
    end,
    clock = self.clock,
    log = log,
    random = function(count)
      return ("\0"):rep(count)
    end,
    owner = "spec",
    accounts = {
      acme = {
        provider = self.provider,
        config = { callback_path = "/callback" },
        policy = options.policy or {},
        subject = options.subject,
        disabled = options.disabled,
      },
    },
    on_event = function(event)
      table.insert(self.events, event)
    end,
    callback_url = function(path)
      return "http://127.0.0.1:8080" .. path
    end,
  }
  self.account = self.keeper.accounts.acme
  self:reload()
  return self
end

return one_account
