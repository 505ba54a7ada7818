---@meta
-- SPDX-License-Identifier: MIT
-- Of `usher.core`: HTTP, TLS, listeners and transfers. core.lua has the rules.

---@class usher.core
local core = {}

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
