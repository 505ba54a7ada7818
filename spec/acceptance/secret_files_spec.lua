-- SPDX-License-Identifier: MIT
-- Files that hold secrets, the configuration and the socket: what lies where others could have put it is not used.

require "spec.support.paths"
local temporary = require "spec.support.temporary"
local world = require "spec.support.world"

local CONFIGURATION = [[
local usher = require "usher"
return usher.gateway {
  api = { listen = "unix:%s/usher.sock" },
  store = usher.store.memory {},
  accounts = { default = usher.provider.memories_ai { api_key = usher.secret.credential "api-key", client_id = "c" } },
}
]]

describe("a gateway", function()
  local here

  before_each(function()
    here = world.new()
  end)

  after_each(function()
    here:close()
  end)

  local function shell(command, ...)
    assert(os.execute(command:format(...)))
  end

  -- The API key moves into a file of that mode.
  local function move_key(mode)
    local path = here.folder .. "/credentials/api-key"
    shell("mkdir -p %s/credentials", here.folder)
    temporary.write(path, here.api_key .. "\n")
    shell("chmod %s %s", mode, path)
    here.environment.MEMORIES_API_KEY, here.environment.MEMORIES_API_KEY_FILE = nil, path
    return path
  end

  -- What a gateway that must not start says.
  local function refused()
    local gateway = here:start()
    assert.are.equal(78, gateway:wait())
    local _, stderr = gateway:output()
    return stderr
  end

  it("takes its secrets from systemd's credentials", function()
    move_key "440"
    here.environment.CREDENTIALS_DIRECTORY = here.folder .. "/credentials"
    local gateway = here:start_gateway()
    local _, stderr = gateway:output()
    assert.is_nil(stderr:find("secret_exposed", 1, true))
    here:start_simulator()
    assert.is_string(here:await_token().access_token)
  end)

  it("takes them in a configuration file by their names", function()
    move_key "400"
    here.environment.CREDENTIALS_DIRECTORY = here.folder .. "/credentials"
    shell("mkdir %s", here.state_dir)
    here.config = here.folder .. "/usher.lua"
    temporary.write(here.config, CONFIGURATION:format(here.state_dir))
    local status, out, err = here:usher("check", here.config)
    assert.are.same({ 0, "" }, { status, err })
    assert.matches("accounts.default.api_key = [redacted]", out, 1, true)
    shell("chmod 666 %s", here.config)
    status, out, err = here:usher("check", here.config)
    assert.are.same({ 0, "" }, { status, out:match "sk%-" or "" })
    assert.matches("warning: " .. here.config .. ": what stands there runs here", err, 1, true)
  end)

  it("tells of a secret that others may read", function()
    local path = move_key "444"
    local gateway = here:start_gateway()
    gateway:await("level=warn event=secret_exposed file=" .. path:gsub("%p", "%%%0"))
    local _, _, err = here:usher "check"
    assert.matches("warning: " .. path .. ": mode 0444 lets others at the secret", err, 1, true)
  end)

  it("refuses a secret that others could have put there", function()
    local path = move_key "606"
    assert.matches(
      "MEMORIES_API_KEY cannot be read through MEMORIES_API_KEY_FILE: " .. path,
      refused(),
      1,
      true
    )
    move_key "600"
    shell("chmod 777 %s/credentials", here.folder)
    assert.matches("credentials: others may write in the folder (mode 0777)", refused(), 1, true)
  end)

  it("refuses a socket where others could put theirs", function()
    shell("mkdir -m 1777 %s/open", here.folder)
    here.environment.USHER_API_LISTEN = ("unix:%s/open/usher.sock"):format(here.folder)
    local fault = here.folder .. "/open: others may write in the folder (mode 1777)"
    local expected = "USHER_API_LISTEN has an unsafe place: " .. fault
    assert.matches(expected, refused(), 1, true)
    local status, _, err = here:usher "check"
    assert.are.equal(78, status)
    assert.matches(expected, err, 1, true)
    shell("chmod 755 %s/open", here.folder)
    here:start_gateway()
  end)
end)
