-- SPDX-License-Identifier: MIT
-- One timer for all accounts. Deadlines are on boot time; it wakes at least once a minute, since timers do not count
-- suspend and nobody tells when the wall clock is set. What is overdue together is spread, the most urgent first.

local scheduler = {}

local LONGEST_SLEEP = 60
local PACE = 0.05 -- seconds between accounts that are due at once
local LONGEST_SPREAD = 60 -- seconds, for all of them
local JUMP = 1 -- seconds that no slewing clock drifts in a minute

---@class usher.keeper.Scheduler
local Scheduler = {}
Scheduler.__index = Scheduler
Scheduler.__name = "usher.keeper.scheduler"

local function offset(clock)
  return clock:wall() - clock:boot()
end

local function has_jumped(self)
  return math.abs(offset(self._clock) - self._offset) > JUMP
end

local function notice_jump(self)
  local now = offset(self._clock)
  local jump = now - self._offset
  self._offset = now
  if math.abs(jump) > JUMP then
    self._on_jump(jump)
  end
end

local function more_urgent(a, b)
  return a.urgency < b.urgency or a.urgency == b.urgency and a.name < b.name
end

-- Moves what is due from the entries to the queue.
local function collect_due(self, now)
  for name, entry in pairs(self._entries) do
    if entry.at <= now then
      self._entries[name] = nil
      entry.name = name
      table.insert(self._queue, entry)
      self._queued[name] = entry
    end
  end
  table.sort(self._queue, more_urgent)
  self._next = 1
  self._pace = math.min(PACE, LONGEST_SPREAD / math.max(1, #self._queue))
end

-- The next of the queue that nobody has set anew meanwhile.
local function take_queued(self)
  while self._next <= #self._queue do
    local entry = self._queue[self._next]
    self._next = self._next + 1
    if self._queued[entry.name] == entry then
      self._queued[entry.name] = nil
      return entry.name
    end
  end
end

local function earliest(self, now)
  local at = now + LONGEST_SLEEP
  if next(self._queued) then
    return self._free_at
  end
  for _, entry in pairs(self._entries) do
    at = math.min(at, entry.at)
  end
  return math.max(at, self._free_at)
end

local fire

local function arm(self, at)
  if self._timer then
    self._timer:close()
  end
  self._armed_at = at
  self._timer = self._clock:timer(math.max(0, at - self._clock:boot()), function()
    self._timer = nil
    fire(self)
  end)
end

-- Whose turn it is, if anybody's.
local function next_due(self, now)
  notice_jump(self)
  if not next(self._queued) then
    self._queue = {}
    collect_due(self, now)
  end
  local name = take_queued(self)
  self._free_at = name and now + self._pace or self._free_at
  return name
end

-- A fault over one account ends neither the timer, which is everybody's, nor the account's turns.
function fire(self)
  if self._is_stopped then
    return
  end
  local now, name = self._clock:boot(), nil
  local ran, message = xpcall(function()
    name = next_due(self, now)
    if name then
      self._on_due(name)
    end
  end, debug.traceback)
  if not ran and name then
    self:set(name, now + LONGEST_SLEEP)
  end
  if not self._is_stopped then
    arm(self, earliest(self, now))
  end
  if not ran then
    error(message, 0)
  end
end

-- Something happened to this account: it goes before those that are merely overdue.
local function put_first(self, name, urgency)
  local entry = { name = name, urgency = urgency }
  table.insert(self._queue, self._next, entry)
  self._queued[name] = entry
end

--- Has `on_due(name)` called once that time has come; replaces what was set for the name before.
---@param name string
---@param at? number boot time; nil: not at all
---@param urgency? number among those due at once the smallest goes first
function Scheduler:set(name, at, urgency)
  self._queued[name], self._entries[name] = nil, nil
  if not at then
    return
  end
  urgency = urgency or math.huge
  if next(self._queued) and at <= self._clock:boot() then
    put_first(self, name, urgency)
    return
  end
  self._entries[name] = { at = at, urgency = urgency }
  if self._timer and at < self._armed_at then
    arm(self, math.max(at, self._free_at))
  end
end

--- For whoever notices that something is late: where the machine has slept, or the wall clock was set, calls what is
--- due now, not within a minute.
function Scheduler:catch_up()
  local is_late = self._armed_at < self._clock:boot() - JUMP
  if self._timer and (is_late or has_jumped(self)) then
    fire(self)
  end
end

--- Begins to call.
function Scheduler:start()
  self._offset = offset(self._clock)
  arm(self, self._clock:boot())
end

--- Nothing is called from now on.
function Scheduler:stop()
  self._is_stopped = true
  if self._timer then
    self._timer:close()
    self._timer = nil
  end
end

---@class usher.keeper.scheduler.options
---@field clock usher.Clock
---@field on_due fun(name: string) must not wait
---@field on_jump fun(seconds: number) the wall clock was set by so much; must not wait

---@param options usher.keeper.scheduler.options
---@return usher.keeper.Scheduler
function scheduler.new(options)
  return setmetatable({
    _clock = options.clock,
    _on_due = options.on_due,
    _on_jump = options.on_jump,
    _entries = {},
    _queue = {},
    _queued = {},
    _next = 1,
    _pace = PACE,
    _offset = 0,
    _armed_at = 0,
    _free_at = 0,
    _is_stopped = false,
  }, Scheduler)
end

return scheduler
