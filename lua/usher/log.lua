-- SPDX-License-Identifier: MIT
-- The log: one line an event, secrets redacted. No method raises: a log must not break what it tells of.

local clock = require "usher.clock"
local core = require "usher.core"
local line = require "usher.log.line"
local redaction = require "usher.log.redaction"

local log = {}

local LEVELS = { debug = 1, info = 2, warn = 3, error = 4 }
local FORMATS = { logfmt = line.logfmt, json = line.json }
local OFF = 5

-- Secrets that were replaced lately are redacted too.
local KEPT_RELEASED = 256

--- The names of levels, by rising weight, and of formats.
log.levels = { "debug", "info", "warn", "error" }
log.formats = { "logfmt", "json" }

---@class usher.Logger
---@field _sink table what loggers made by `with` share
---@field _fields table<string, any>
local Logger = {}
Logger.__index = Logger
Logger.__name = "usher.logger"

local function time_stamp(seconds)
  local whole = math.floor(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%S", whole) .. (".%03dZ"):format(math.floor((seconds - whole) * 1000))
end

local function printable(value, registry)
  local kind = type(value)
  if kind == "number" or kind == "boolean" then
    return value
  elseif kind == "table" and not (getmetatable(value) or {}).__tostring then
    return "table"
  end
  return registry:clean(tostring(value))
end

local function add_fields(target, fields, registry)
  for name, value in pairs(fields or {}) do
    name = tostring(name):gsub("[^%w_]", "_")
    target[name] = redaction.is_secret_name(name) and redaction.MARK or printable(value, registry)
  end
end

local function order_of(fields)
  local names = {}
  for name in pairs(fields) do
    table.insert(names, name)
  end
  table.sort(names)
  return names
end

local function format(self, level, event, fields)
  local sink, shown = self._sink, {}
  add_fields(shown, self._fields, sink.registry)
  add_fields(shown, fields, sink.registry)
  shown.time, shown.level, shown.event = nil, nil, nil
  local names = order_of(shown)
  table.move(names, 1, #names, 4)
  names[1], names[2], names[3] = "time", "level", "event"
  shown.time, shown.level, shown.event = time_stamp(sink.clock:wall()), level, tostring(event)
  return sink.format(names, shown)
end

local function text_of(self, level, event, fields)
  local formatted, text = pcall(format, self, level, event, fields)
  return formatted and text or ("level=%s event=unloggable\n"):format(level)
end

local function write(sink, text)
  local ran, is_written = pcall(sink.write, text)
  return not ran or is_written ~= false
end

-- Where nobody reads, lines are lost, and counted for whoever reads again: the gateway must not wait for them.
local function emit(self, level, event, fields)
  local sink = self._sink
  if LEVELS[level] < sink.threshold then
    return
  end
  if sink.lost > 0 and write(sink, text_of(self, "warn", "log_lines_lost", { count = sink.lost })) then
    sink.lost = 0
  end
  if sink.lost > 0 or not write(sink, text_of(self, level, event, fields)) then
    sink.lost = sink.lost + 1
  end
end

--- Each takes an event's name in snake_case, and fields: a flat table of strings, numbers, booleans, and anything
--- with `__tostring`. Names such as `token`, `code` or `state` are redacted: an error's code goes by `error`.
---@param event string
---@param fields? table<string, any>
function Logger:debug(event, fields)
  emit(self, "debug", event, fields)
end

---@param event string
---@param fields? table<string, any>
function Logger:info(event, fields)
  emit(self, "info", event, fields)
end

---@param event string
---@param fields? table<string, any>
function Logger:warn(event, fields)
  emit(self, "warn", event, fields)
end

---@param event string
---@param fields? table<string, any>
function Logger:error(event, fields)
  emit(self, "error", event, fields)
end

--- Whether events of this level are written, where computing the fields costs something.
---@param level "debug"|"info"|"warn"|"error"
---@return boolean
function Logger:is_enabled(level)
  return LEVELS[level] >= self._sink.threshold
end

--- A logger that adds these fields to each event; the rest is shared with this one.
---@param fields table<string, any>
---@return usher.Logger
function Logger:with(fields)
  local merged = {}
  for _, source in ipairs { self._fields, fields } do
    for name, value in pairs(source) do
      merged[name] = value
    end
  end
  return setmetatable({ _sink = self._sink, _fields = merged }, Logger)
end

--- From now on no line shows the value, in any usual spelling. As many `release` undo it, in time.
---@param value string|usher.core.Secret at least 6 bytes, else only its field's name can protect it
function Logger:conceal(value)
  if self._sink.threshold == OFF then
    return
  end
  pcall(self._sink.registry.conceal, self._sink.registry, value)
end

---@param value string|usher.core.Secret
function Logger:release(value)
  pcall(self._sink.registry.release, self._sink.registry, value)
end

--- Sets level and format anew, as after a reload, for this logger and all it shares with.
---@param options { level?: string, format?: string }
function Logger:configure(options)
  self._sink.threshold = LEVELS[options.level] or self._sink.threshold
  self._sink.format = FORMATS[options.format] or self._sink.format
end

---@class usher.log.options
---@field level? "debug"|"info"|"warn"|"error" default: info
---@field format? "logfmt"|"json" default: logfmt
---@field write? fun(line: string): boolean? takes a line with its newline; false: it is lost. Default: standard error,
---which never waits for whoever reads it
---@field clock? usher.Clock

--- A logger. Raises on an unknown level or format.
---@param options? usher.log.options
---@return usher.Logger
function log.new(options)
  options = options or {}
  local sink = {
    threshold = assert(LEVELS[options.level or "info"], "log.new: unknown level"),
    format = assert(FORMATS[options.format or "logfmt"], "log.new: unknown format"),
    write = options.write or core.process.write_error,
    lost = 0,
    clock = options.clock or clock.system(),
    registry = redaction.new(KEPT_RELEASED),
  }
  return setmetatable({ _sink = sink, _fields = {} }, Logger)
end

--- A logger that writes nothing.
---@return usher.Logger
function log.silent()
  local logger = log.new()
  logger._sink.threshold = OFF
  return logger
end

return log
