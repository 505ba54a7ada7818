-- SPDX-License-Identifier: MIT
-- Certificates and a TLS server of the openssl command, for handshakes that are real.

local child = require "spec.support.child"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"

local tls = {}

-- Without LD_PRELOAD: a sanitizer of ours has nothing to say about the openssl command.
local OPENSSL = "env -u LD_PRELOAD openssl "
local SERVE =
  "cd %s && echo $$ && exec %s s_server -accept 127.0.0.1:0 -HTTP -cert %s -key %s %s </dev/null 2>&1"
local NEW_KEY = " -newkey %s -nodes -subj '/CN=%s' -keyout %s "
local ELLIPTIC = "ec -pkeyopt ec_paramgen_curve:P-256"

local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local output = pipe:read "a"
  assert(pipe:close(), output)
end

---@class tls.Authority
---@field file string its certificate
---@field folder string
local Authority = {}
Authority.__index = Authority

--- A certificate authority with its files in `folder`.
---@param folder string
---@param name string
---@return tls.Authority
function tls.authority(folder, name)
  local self = setmetatable({ folder = folder, file = ("%s/%s.pem"):format(folder, name) }, Authority)
  self.key = ("%s/%s.key"):format(folder, name)
  run(OPENSSL .. "req -x509 -days 2" .. NEW_KEY:format(ELLIPTIC, name, self.key) .. " -out " .. self.file)
  return self
end

--- A server's certificate.
---@param name string of the files
---@param alternative_name string "IP:127.0.0.1", "DNS:localhost"
---@param days? integer until it expires; negative: it has. Default 1
---@param key? string what kind, as `openssl req -newkey` takes it. Default: on the curve P-256
---@return {certificate: string, key: string}
function Authority:issue(name, alternative_name, days, key)
  local base = ("%s/%s"):format(self.folder, name)
  local issued = { certificate = base .. ".pem", key = base .. ".key" }
  temporary.write(
    base .. ".cnf",
    ("subjectAltName=%s\nbasicConstraints=critical,CA:false\n"):format(alternative_name)
  )
  run(
    OPENSSL .. "req -new" .. NEW_KEY:format(key or ELLIPTIC, name, issued.key) .. " -out " .. base .. ".csr"
  )
  run(
    ("%s x509 -req -in %s.csr -CA %s -CAkey %s -set_serial %d -days %d -extfile %s.cnf -out %s"):format(
      OPENSSL,
      base,
      self.file,
      self.key,
      #name,
      days or 1,
      base,
      issued.certificate
    )
  )
  return issued
end

---@class tls.Server
---@field url string "https://127.0.0.1:PORT"
local Server = {}
Server.__index = Server

--- Ends the server's process.
function Server:close()
  if self.pid then
    os.execute("kill " .. self.pid)
    self.pipe:close()
    self.pid = nil
  end
end
Server.__close = Server.close

--- `openssl s_server -HTTP`: GET /<file> answers the bytes of that file in `folder`, status line and all.
---@param issued {certificate: string, key: string}
---@param folder string
---@param options? string further options of the command
---@return tls.Server
function tls.serve(issued, folder, options)
  local command = SERVE:format(child.quote(folder), OPENSSL, issued.certificate, issued.key, options or "")
  local self = setmetatable({ pipe = assert(io.popen(command)) }, Server)
  self.pid = self.pipe:read "l"
  local seen = {}
  for line in self.pipe:lines() do
    table.insert(seen, line)
    local port = line:match "^ACCEPT .*:(%d+)$"
    if port then
      self.url = "https://127.0.0.1:" .. port
      return self
    end
  end
  error("no server: " .. table.concat(seen, "\n"))
end

-- "-connect 127.0.0.1:443" for what a listener says is its address.
local function target_of(address)
  local path = address:match "^unix:(.*)$"
  return path and "-unix " .. child.quote(path) or "-connect " .. address
end

--- Sends bytes to a TLS server by `openssl s_client`, until the server ends the connection; the loop turns meanwhile.
---@param folder string for its files
---@param address string of a listener
---@param bytes string
---@param options? string further options of the command
---@return string received
---@return string report what the command says about the session
function tls.converse(folder, address, bytes, options)
  local input = folder .. "/input"
  temporary.write(input, bytes)
  local command = ("exec %s s_client -quiet %s %s <%s"):format(
    OPENSSL,
    target_of(address),
    options or "",
    child.quote(input)
  )
  local _, received, report = process.run(folder, { "sh", "-c", command })
  return received, report
end

--- Asks by curl over TLS; the loop turns meanwhile.
---@param folder string for its files
---@param words string options and URLs
---@return integer status of the command
---@return string output
---@return string report
function tls.curl(folder, words)
  return process.run(folder, { "sh", "-c", "exec env -u LD_PRELOAD curl --silent --show-error " .. words })
end

return tls
