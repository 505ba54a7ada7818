---@meta
-- SPDX-License-Identifier: MIT
-- Of `usher.core`: files, identities, the process, commands and SQLite. core.lua has the rules.

---@class usher.core
local core = {}

-- file, process ---------------------------------------------------------------------------------------

core.file = {}
---@class usher.core.FileStatus
---@field type "file"|"directory"|"socket"|"link"|"other"
---@field mode integer permission bits
---@field size integer
---@field uid integer
---@field inode integer
---@field modified_ns integer nanoseconds since 1970
---The whole of a regular file of at most `max_bytes`; more: limit; a folder, pipe or socket: not_a_file.
---The messages of this module's errors begin with the path.
---@param path string
---@param max_bytes integer
---@return string? bytes
---@return usher.Error? err
function core.file.read(path, max_bytes) end
---Creates `path` with `mode` and these bytes, durably (file and folder synced), and all at once: a reader sees
---nothing or all. Never replaces: exists. `mode` holds whatever the umask. What a process that was killed here left
---in the folder is removed.
---@param path string
---@param bytes string
---@param mode integer 384 is 0600
---@return true? done
---@return usher.Error? err
function core.file.create(path, bytes, mode) end
---@param path string
---@return usher.core.FileStatus? status
---@return usher.Error? err
function core.file.status(path) end
---Like `status`, of a symbolic link itself: its type is "link".
---@param path string
---@return usher.core.FileStatus? status
---@return usher.Error? err
function core.file.link_status(path) end
---The absolute path without symbolic links.
---@param path string
---@return string? path
---@return usher.Error? err
function core.file.resolve(path) end
---Creates the folder and its missing parents with `mode`, whatever the umask. One that exists is left as it is;
---where something else has the name: exists.
---@param path string
---@param mode integer
---@return true? done
---@return usher.Error? err
function core.file.make_directory(path, mode) end
---Gives the file, socket or folder to a group, by its name. not_found: no such file, or no such group.
---@param path string
---@param group string
---@return true? done
---@return usher.Error? err
function core.file.set_group(path, group) end
---Gives the file, socket or folder exactly these permission bits.
---@param path string
---@param mode integer
---@return true? done
---@return usher.Error? err
function core.file.set_mode(path, mode) end
---Removes what `create` left in a folder when it was killed there.
---@param path string
---@return true? done
---@return usher.Error? err
function core.file.sweep(path) end
---Gives the file another name in the same folder, durably, replacing what had it.
---@param path string
---@param new_path string
---@return true? done
---@return usher.Error? err
function core.file.rename(path, new_path) end
---Removes the file, durably.
---@param path string
---@return true? done
---@return usher.Error? err
function core.file.remove(path) end
---Gives the file to the user and the group of another one.
---@param path string
---@param from string
---@return true? done
---@return usher.Error? err
function core.file.copy_owner(path, from) end

core.identity = {}
---The effective user of this process.
---@return integer uid
function core.identity.own() end
---Blocks where the system asks a directory service.
---@param name string
---@return integer? uid
---@return usher.Error? err not_found
function core.identity.user(name) end
---@param name string
---@return integer? gid
---@return usher.Error? err not_found
function core.identity.group(name) end

core.process = {}
---umask 077, no core files, not dumpable, as many descriptors as may be had, which `core.command` gives nobody. For the
---gateway only.
---@return true? done
---@return usher.Error? err
function core.process.harden() end
---@return integer
function core.process.id() end
---Tells the service manager something, by sd_notify's protocol. Never blocks.
---@param address string the value of NOTIFY_SOCKET: a path, or "@name"
---@param text string lines such as "READY=1"
---@return true? done
---@return usher.Error? err bad_address, not_found, connect_failed, permission, ...
function core.process.notify(address, text) end
---The names of the variables of this process's environment.
---@return string[]
function core.process.variables() end
---Writes to standard error, unless that would wait for whoever reads it.
---@param text string
---@return boolean written false: not all of it
function core.process.write_error(text) end

core.command = {}
---Runs a program to its end, without input, in a session of its own, with this environment and nothing else of ours.
---Its standard error is closed; whatever it leaves running is killed when it ends. Waits.
---@param request {words: string[], environment?: table<string, string>, timeout_ms: integer, max_bytes: integer}
---`words` begins with the program's absolute path
---@return {status: integer, signal: integer, output: string}? result
---@return usher.Error? err timeout; limit: more output than `max_bytes`; not_found, permission, ...
function core.command.run(request) end

-- sqlite ----------------------------------------------------------------------------------------------

---@class usher.core.sqlite.options
---@field path string
---@field create? string[] at most 100 statements for a new file; without it a missing file is not_found
---@field application_id integer of the file: another is store_foreign, as are an empty file and one that is no SQLite

---A statement, its parameters by position (string: TEXT, integer, nil) and, with `guard`, the demand that it changes
---or returns at least one row.
---@class usher.core.sqlite.Step
---@field [1] string SQL
---@field params? table values by position with `n`
---@field guard? string a name for the demand

---@class usher.core.sqlite.Result
---@field rows table[] each a list of values with `n`
---@field changes integer

core.sqlite = {}
---Opens or creates the file (0600) on a worker thread of its own and locks it for this process. Waits.
---A new file appears whole or not at all.
---@param options usher.core.sqlite.options
---@return usher.core.sqlite.Engine? engine
---@return usher.Error? err not_found, store_locked, store_foreign, store_corrupt, permission, no_space, store_failed, ...; the message fits an operator
function core.sqlite.open(options) end

---@class usher.core.sqlite.Engine
local Engine = {}
---All steps or none, durable before it returns. Waits; calls that wait together may share one commit. It is not
---undone when the waiting task is closed.
---@param steps usher.core.sqlite.Step[]
---@return usher.core.sqlite.Result[]? results
---@return (usher.Error|{guard: string?})? err guard: the step's `guard` was not met, nothing changed; no_space, permission, store_failed, store_corrupt, closed
function Engine:transaction(steps) end
---Ends the thread after what was given to it. Waits where it can, else it ends in the background. Idempotent.
function Engine:close() end

core.sqlite_hold = {}
---Holds a store's file for this process alone, whatever is in it. Blocks; so does `copy`.
---@param path string
---@return usher.core.sqlite.Hold? hold
---@return usher.Error? err not_found, permission, store_locked
function core.sqlite_hold.open(path) end

---@class usher.core.sqlite.Hold
local Hold = {}
---Copies the file as it is into a new one, 0600, durably; what the disk does not give is zeros there.
---@param path string
---@return true? done
---@return usher.Error? err exists, no_space, ..., closed
function Hold:copy(path) end
---Lets go. Idempotent.
function Hold:close() end
