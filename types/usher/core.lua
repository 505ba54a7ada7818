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

core.random = {}
---Bytes from the operating system's generator by way of OpenSSL.
---@param count integer 0 .. 65536
---@return string? bytes
---@return usher.Error? err
function core.random.bytes(count) end

-- encoding --------------------------------------------------------------------------------------------

core.encoding = {}
---@param bytes string
---@return string lower-case hex
function core.encoding.hex_encode(bytes) end
---Either case; odd length or another character: bad_encoding.
---@param text string
---@return string? bytes
---@return usher.Error? err
function core.encoding.hex_decode(text) end
---RFC 4648 section 4, padded.
---@param bytes string
---@return string
function core.encoding.base64_encode(bytes) end
---Strict: padding required, no white space, non-zero trailing bits refused.
---@param text string
---@return string? bytes
---@return usher.Error? err
function core.encoding.base64_decode(text) end
---RFC 4648 section 5, without padding.
---@param bytes string
---@return string
function core.encoding.base64url_encode(bytes) end
---@param text string
---@return string? bytes
---@return usher.Error? err
function core.encoding.base64url_decode(text) end
---RFC 3986: all but unreserved characters become %XX.
---@param bytes string
---@return string
function core.encoding.percent_encode(bytes) end
---`+` stays `+`. A `%` without two hex digits: bad_encoding.
---@param text string
---@return string? bytes
---@return usher.Error? err
function core.encoding.percent_decode(text) end

-- secret, digest, aead --------------------------------------------------------------------------------

core.secret = {}
---Bytes that are cleansed when freed and that no `tostring` shows.
---@param bytes string
---@return usher.core.Secret
function core.secret.new(bytes) end
---The environment variable's value, or nil where it is unset. The value is overwritten in the process's
---environment and the variable unset, so a second call gives nil.
---@param name string
---@return usher.core.Secret?
function core.secret.from_environment(name) end
---The whole of a regular file, as `core.file.read` reads it, without another copy in memory.
---@param path string
---@param max_bytes integer at most 1048576
---@return usher.core.Secret?
---@return usher.Error? err its message begins with the path
function core.secret.from_file(path, max_bytes) end
---Decodes as `core.encoding.base64_decode` does, without another copy in memory.
---@param text usher.core.Secret|string
---@return usher.core.Secret?
---@return usher.Error? err bad_encoding
function core.secret.from_base64(text) end
---Constant time for equal lengths. Secrets or strings.
---@param a usher.core.Secret|string
---@param b usher.core.Secret|string
---@return boolean
function core.secret.equal(a, b) end

---@class usher.core.Secret
local Secret = {}
---A copy as a Lua string, which cannot be cleansed: at the last moment only.
---@return string
function Secret:reveal() end
---The same without one newline, LF or CR LF, at the end.
---@return usher.core.Secret
function Secret:without_newline() end
---Cleanses now. Idempotent; every other method raises from then on. `#secret` is the length in bytes,
---`tostring` gives `secret(...)`.
function Secret:close() end

---Digests raise only where OpenSSL refuses: no memory, or a policy that forbids MD5.
core.digest = {}
---RFC 1321. 16 raw bytes.
---@param bytes string
---@return string
function core.digest.md5(bytes) end
---FIPS 180-4. 20 raw bytes. For protocols that demand it.
---@param bytes string
---@return string
function core.digest.sha1(bytes) end
---FIPS 180-4. 32 raw bytes.
---@param bytes string
---@return string
function core.digest.sha256(bytes) end
---RFC 2104 with SHA-256. 32 raw bytes.
---@param key usher.core.Secret|string
---@param bytes string
---@return string
function core.digest.hmac_sha256(key, bytes) end

core.aead = {}
---AES-256-GCM (NIST SP 800-38D). `key` 32 bytes, else bad_key; `nonce` 12 bytes, else invalid_argument;
---texts under 2 GiB, else limit.
---@param key usher.core.Secret|string
---@param nonce string
---@param plaintext string
---@param associated string
---@return string? sealed ciphertext and the 16 bytes of the tag
---@return usher.Error? err
function core.aead.seal(key, nonce, plaintext, associated) end
---Nothing is handed out before the tag has been verified: bad_seal.
---@param key usher.core.Secret|string
---@param nonce string
---@param sealed string
---@param associated string
---@return string? plaintext
---@return usher.Error? err
function core.aead.open(key, nonce, sealed, associated) end

core.cbc = {}
---AES-256-CBC (NIST SP 800-38A) without padding. `key` 32 bytes, else bad_key; `iv` 16 bytes and the text whole blocks
---of 16, else invalid_argument. Protects against no change: verify a signature first.
---@param key usher.core.Secret|string
---@param iv string
---@param plaintext string
---@return string? ciphertext
---@return usher.Error? err
function core.cbc.encrypt(key, iv, plaintext) end
---@param key usher.core.Secret|string
---@param iv string
---@param ciphertext string
---@return string? plaintext
---@return usher.Error? err
function core.cbc.decrypt(key, iv, ciphertext) end

core.signature = {}
---Signs as JSON Web Algorithms (RFC 7518) do: ES256 gives r and s, 32 bytes each. `key` is an unencrypted private key
---in PEM, on P-256 or RSA of at least 2048 bits, else bad_key.
---@param algorithm "ES256"|"RS256"
---@param key usher.core.Secret|string
---@param bytes string
---@return string? signature
---@return usher.Error? err
function core.signature.sign(algorithm, key, bytes) end
---Whether a signature is genuine. `key` is a public key in PEM.
---@param algorithm "ES256"|"RS256"
---@param key usher.core.Secret|string
---@param bytes string
---@param signature string
---@return boolean? is_valid
---@return usher.Error? err bad_key
function core.signature.verify(algorithm, key, bytes, signature) end

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

-- http ------------------------------------------------------------------------------------------------

---What a handler gets.
---@class usher.core.Request
---@field method string
---@field path string as sent, not decoded, without the query
---@field query string as sent, not decoded, "" where there is none
---@field headers table<string, string> lower-case names; a repeated field's values joined by ", "
---@field body string
---@field version "1.0"|"1.1"
---@field keep_alive boolean the request lets the connection stay
---@field remote string "127.0.0.1:43210", "[::1]:43210" or "unix"
---@field peer? usher.core.Peer who asks, on a Unix socket

---Who is at the other end of a Unix socket, as the kernel noted when it connected.
---@class usher.core.Peer
---@field uid integer
---@field gid integer
---@field groups integer[] supplementary ones

---What a handler returns. Content-Length, Connection and Date are the core's.
---@class usher.core.Response
---@field status integer
---@field headers? table<string, string>
---@field body? string
---@field close? boolean close the connection afterwards
---@field abort? boolean close the connection before the last byte of the response; without `status`, before the first

---@class usher.core.http.limits
---@field line_bytes? integer 8192: request line
---@field headers_bytes? integer 16384: header section
---@field fields? integer 64
---@field body_bytes? integer 65536

core.http = {}
---A parser for specs and tools; listeners have their own.
---@param limits? usher.core.http.limits
---@return usher.core.http.Parser
function core.http.parser(limits) end
---The bytes of a response as a listener sends it (without Date). Raises on a header with CR, LF or NUL.
---@param response usher.core.Response
---@param keep_alive boolean
---@return string
function core.http.format_response(response, keep_alive) end
---The status for a parser error code: bad_request 400, request_timeout 408, body_too_large 413, uri_too_long 414,
---headers_too_large 431, not_implemented 501, bad_version 505.
---@param code string
---@return integer
function core.http.status_of(code) end

---@class usher.core.http.Parser
local Parser = {}
---Takes more bytes. Returns a request when one is complete (call again with "" for a pipelined one), nil while
---more bytes are needed, nil and an error for good when the bytes are no acceptable request.
---@param bytes string
---@return usher.core.Request? request
---@return usher.Error? err
function Parser:feed(bytes) end
function Parser:close() end

-- tls -------------------------------------------------------------------------------------------------

core.tls = {}
---A certificate chain and its key, both in PEM, for listeners. The files are not needed any more afterwards. The error
---names the path; `file` says which of the two it is. A key that others may read is refused.
---@param cert string path
---@param key string path
---@return usher.core.Tls? tls
---@return (usher.Error|{file: "cert"|"key"})? err bad_configuration; crypto: the library failed
function core.tls.open(cert, key) end

---@class usher.core.Tls
local Tls = {}
---Unix seconds: when the certificate's time ends.
---@return integer
function Tls:expires_at() end
---Listeners that have it keep it.
function Tls:close() end

-- listener --------------------------------------------------------------------------------------------

---@class usher.core.listener.options
---@field host? string a numeric address, with `port`
---@field port? integer 0: the system chooses
---@field path? string a Unix socket instead; a stale socket file is replaced only after a refused connect
---@field mode? integer of the socket file, 384 (0600)
---@field handler fun(request: usher.core.Request): usher.core.Response runs as a task; raising answers 500
---@field error_body? fun(status: integer): string, string  body and content type of errors that never reach the handler; called once per status, by `open`
---@field limits? usher.core.http.limits
---@field tls? usher.core.Tls 1.2 and 1.3; without one the listener is plain
---@field headers_timeout_ms? integer 5000; over TLS the handshake has as long
---@field body_timeout_ms? integer 10000
---@field idle_timeout_ms? integer 15000
---@field write_timeout_ms? integer 10000
---@field max_connections? integer 1024: beyond it who has been idle longest is closed, then who is slowest to ask
---@field max_connections_per_source? integer 0: any number from one IPv4 address or IPv6 /64; beyond it the same among its own
---@field spare_descriptors? integer 64: left to whatever else needs some, beyond them as beyond max_connections; of fewer than 256 descriptors a part

core.listener = {}
---@param options usher.core.listener.options
---@return usher.core.Listener? listener
---@return usher.Error? err address_in_use, bad_address, permission, not_found (the folder of `path`), exists (`path` is no socket), listen_failed
function core.listener.open(options) end

---@class usher.core.Listener
local Listener = {}
---"127.0.0.1:8080", "[::1]:8080" or "unix:/path".
---@return string
function Listener:address() end
---@return integer
function Listener:connections() end
---The certificate of connections that come from now on; nil: they are plain. Those there are stay as they are.
---@param tls? usher.core.Tls
function Listener:secure(tls) end
---Stops accepting, closes idle connections, lets requests under way end, at most `timeout_ms`; then closes. Waits.
---@param timeout_ms integer
function Listener:drain(timeout_ms) end
---Stops at once; handlers' tasks are closed. The socket file is unlinked. Idempotent.
function Listener:close() end

-- transfer --------------------------------------------------------------------------------------------

---@class usher.core.transfer.Request
---@field method string capital letters
---@field url string http or https only, without user and password
---@field headers? table<string, string>
---@field body? string
---@field timeout_ms? integer 20000: the whole transfer, from its start (not the time in the queue)
---@field ca_file? string instead of the system's certificates
---@field max_body_bytes? integer 262144

---@class usher.core.transfer.Response
---@field status integer
---@field headers table<string, string> lower-case names; a repeated field's values joined by ", "
---@field body string

core.transfer = {}
---One HTTP exchange. Waits. At most 32 are under way, more wait in order. No redirects are followed, nothing is
---decoded; nothing of the environment (proxy, netrc, key log) counts; TLS 1.2 at least, certificate and name verified.
---A request of which bytes have left is never sent again. The header sections of a response, interim ones and trailers
---included, are at most 64 KiB and 512 lines. The error has `sent`: whether bytes of the request left.
---Raises on a header with CR, LF or NUL and on those that are the core's (Content-Length, Connection, Expect ...).
---@param request usher.core.transfer.Request
---@return usher.core.transfer.Response? response
---@return (usher.Error|{sent: boolean})? err bad_url, resolve_failed, connect_failed, tls_failed, certificate, timeout, connection_lost, bad_response, response_too_large, io, out_of_memory
function core.transfer.perform(request) end

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

return core
