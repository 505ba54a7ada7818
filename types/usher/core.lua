---@meta usher.core
-- SPDX-License-Identifier: MIT
-- The C core as Lua sees it. Every failing function returns nil and an `usher.Error`; misuse raises.
-- "Waits" means: yields in a task that usher started; runs the loop in plain code while the loop is idle;
-- raises anywhere else.

---@class usher.Error
---@field code string one name of `core.errors`
---@field message string a phrase for people, without secrets
---@field retryable boolean the same call may succeed later without anybody acting

---@class usher.core
---@field errors table<string, usher.Error> every code there is, with its default message
local core = {}

---An error table, as the core itself returns. Raises on a code that is not in `core.errors`.
---@param code string
---@param message? string default: the code's own
---@return usher.Error
function core.failure(code, message) end

-- loop ------------------------------------------------------------------------------------------------

---@class usher.core.loop
core.loop = {}

---Runs until `stop` or until nothing is left to wait for. Raises while it runs already.
function core.loop:run() end
---One turn without blocking, for an outer loop. Returns whether anything keeps the loop alive.
---@return boolean
function core.loop:step() end
function core.loop:stop() end
---The descriptor that becomes readable when `step` has work.
---@return integer
function core.loop:fd() end
---Milliseconds until `step` must be called even if `fd` is quiet; nil: no limit.
---@return integer?
function core.loop:timeout() end
---Starts `fn(...)` as a task at the next turn.
---@param fn function
---@param ... any
---@return usher.core.Task
function core.loop:spawn(fn, ...) end
---@return boolean
function core.loop:is_running() end
---True inside a task, where a wait yields.
---@return boolean
function core.loop:can_wait() end
---True while a task waits for nothing but its turn.
---@return boolean
function core.loop:has_ready_tasks() end
---Sets who is told (message with traceback) when a task fails; nil: standard error. Returns the previous one.
---@param sink? fun(message: string)
---@return function?
function core.loop:on_error(sink) end
---Calls `fn(...)` as a task of its own that is cut after about that many Lua instructions: every further instruction
---raises, so that catching the error does not help. Waits. A failure goes to the error sink. A loop inside one C
---function is not seen; limited code runs several times slower.
---@param instructions integer
---@param fn function
---@param ... any
---@return boolean returned false: it failed or was cut
---@return any ... the results
function core.loop:limited(instructions, fn, ...) end
---How many tasks have not ended.
---@return integer
function core.loop:tasks() end
---The libuv type names of active handles, for audits.
---@return string[]
function core.loop:handles() end

---@class usher.core.Task
local Task = {}
---Ends the task: to-be-closed variables are closed, what it waited for is cancelled. Idempotent.
function Task:close() end
---@return "new"|"waiting"|"ready"|"running"|"ended"
function Task:status() end

-- future ----------------------------------------------------------------------------------------------

core.future = {}
---@return usher.core.Future
function core.future.new() end

---@class usher.core.Future
local Future = {}
---Gives the future its values, once; later calls have no effect.
---@param ... any
function Future:resolve(...) end
---Waits for the values.
---@return any ...
function Future:wait() end
---Has `follower` resolved with the same values.
---@param follower usher.core.Future
function Future:chain(follower) end
---@return boolean
function Future:is_resolved() end

-- timer, signal ---------------------------------------------------------------------------------------

core.timer = {}
---Runs `handler` as a task after `delay_ms`, then every `repeat_ms` where given. Open timers keep the loop alive.
---@param delay_ms integer
---@param handler fun()
---@param repeat_ms? integer
---@return usher.core.Handle
function core.timer.start(delay_ms, handler, repeat_ms) end

core.signal = {}
---Runs `handler` as a task at each signal. Does not keep the loop alive.
---@param name "SIGTERM"|"SIGINT"|"SIGHUP"|"SIGUSR1"|"SIGUSR2"
---@param handler fun()
---@return usher.core.Handle? handle
---@return usher.Error? err
function core.signal.start(name, handler) end

---@class usher.core.Handle
local Handle = {}
---Idempotent.
function Handle:close() end

-- clock, random ---------------------------------------------------------------------------------------

core.clock = {}
---Wall-clock time: seconds since 1970, with fraction.
---@return number
function core.clock.wall() end
---Seconds since boot including suspend (CLOCK_BOOTTIME), with fraction. Never goes back.
---@return number
function core.clock.boot() end

return core
