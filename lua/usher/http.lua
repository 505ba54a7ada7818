-- SPDX-License-Identifier: MIT
-- HTTP for programs: requests to others over libcurl, and listeners on usher's own loop. Each is the core's function of
-- that purpose. examples/http.lua uses them all.

local core = require "usher.core"
local query = require "usher.model.query"

---@class usher.http
local http = {}

--- Sends one request and gives its response. No redirects are followed; nothing of the environment (proxies, key log)
--- counts; TLS 1.2 at least, certificate and name verified. Waits: yields in a handler, blocks in plain code.
--- The error's `sent` says whether bytes of the request left.
---@type fun(request: usher.core.transfer.Request): usher.core.transfer.Response?, usher.Error?
http.request = core.transfer.perform

--- Serves HTTP/1.1 on a numeric address or a Unix socket while the loop turns. `handler(request)` runs as a task, in
--- which calls that wait yield, and returns `{ status=, headers=, body= }`.
---@type fun(options: usher.core.listener.options): usher.core.Listener?, usher.Error?
http.listen = core.listener.open

--- The parameters of a query string, percent-decoded: `http.query("a=1&b=%20"):get "b"`. `get` refuses what is
--- absent, empty or repeated; `+` stays `+`.
---@type fun(text: string): usher.Query?, usher.Error?
http.query = query.parse

--- The parameters of a request: those of its URL, and of its form-encoded body.
---@type fun(request: usher.core.Request): usher.Query?, usher.Error?
http.parameters = query.of_request

--- RFC 3986: all but unreserved characters become %XX.
---@type fun(bytes: string): string
http.percent_encode = core.encoding.percent_encode

--- `+` stays `+`. A `%` without two hex digits: nil and `bad_encoding`.
---@type fun(text: string): string?, usher.Error?
http.percent_decode = core.encoding.percent_decode

return http
