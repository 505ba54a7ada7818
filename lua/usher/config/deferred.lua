-- SPDX-License-Identifier: MIT
-- A secret that a configuration names and nobody has read yet: of an environment variable, of a file, or one of
-- systemd's credentials. Without the core until it is read.

local deferred = {}

local MAX_FILE_BYTES = 65536

-- Reading a variable overwrites it, so what was read is kept: a configuration is read again on reload.
local variables = {}

---@class usher.config.Deferred
---@field private _kind string
---@field private _name string
---@field private _read fun(name: string): usher.core.Secret?, string?
local Deferred = {}
Deferred.__index = Deferred
Deferred.__name = "usher.config.deferred"

--- Says where the secret comes from, which is no secret.
function Deferred:__tostring()
  return ("secret(%s %s)"):format(self._kind, self._name)
end

--- Reads the secret.
---@return usher.core.Secret? secret
---@return string? reason why not, a phrase that names the variable or the file
function Deferred:read()
  return self._read(self._name)
end

--- The secret in an environment variable, which is overwritten there at the first reading.
---@param name string
---@return usher.core.Secret? secret nil: it is not set, or empty
function deferred.variable(name)
  local secret = variables[name] or require("usher.core").secret.from_environment(name)
  variables[name] = secret
  return secret and #secret > 0 and secret or nil
end

local function read_variable(name)
  local secret = deferred.variable(name)
  return secret, not secret and ("the environment variable %s is not set"):format(name) or nil
end

local function read_whole(path)
  local bytes, err = require("usher.core").secret.from_file(path, MAX_FILE_BYTES)
  return bytes, err and err.message
end

local function read_file(path)
  local bytes <close>, reason = require("usher.config.trust").read_secret(path, read_whole)
  if not bytes then
    return nil, "the secret cannot be read: " .. reason
  end
  return bytes:without_newline()
end

-- systemd's LoadCredential= and SetCredential= put files there.
local function read_credential(name)
  local folder = os.getenv "CREDENTIALS_DIRECTORY"
  if not folder then
    return nil, ("the credential %s is not there: CREDENTIALS_DIRECTORY is not set"):format(name)
  end
  return read_file(folder .. "/" .. name)
end

local function new(kind, name, read)
  if type(name) ~= "string" or name == "" then
    error(("usher.secret.%s takes a name"):format(kind), 3)
  end
  return setmetatable({ _kind = kind, _name = name, _read = read }, Deferred)
end

--- The secret in an environment variable.
---@param name string
---@return usher.config.Deferred
function deferred.env(name)
  return new("env", name, read_variable)
end

--- The secret in a file, without one trailing newline.
---@param path string
---@return usher.config.Deferred
function deferred.file(path)
  return new("file", path, read_file)
end

--- The secret that systemd has as a credential of that name, without one trailing newline.
---@param name string
---@return usher.config.Deferred
function deferred.credential(name)
  local secret = new("credential", name, read_credential)
  if name:find("/", 1, true) then
    error("usher.secret.credential takes a name without slashes", 2)
  end
  return secret
end

--- Whether a value is a secret that is to be read.
---@param value any
---@return boolean
function deferred.is(value)
  return getmetatable(value) == Deferred
end

--- The file that a secret is to be read from.
---@param value any
---@return string? path nil: it is no such secret
function deferred.path(value)
  return deferred.is(value) and value._kind == "file" and value._name or nil
end

--- The value itself, or what it is deferred to.
---@generic T
---@param value T|usher.config.Deferred
---@return T|usher.core.Secret|nil value
---@return string? reason
function deferred.resolve(value)
  if deferred.is(value) then
    return value:read()
  end
  return value
end

return deferred
