-- SPDX-License-Identifier: MIT
-- The rock, made without a network: built from the sources, whose folder has a space in its name, into one tree, packed
-- there, installed from the pack into another, and used from that one while nothing else is left.

require "spec.support.paths"
local child = require "spec.support.child"
local paths = require "spec.support.paths"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"
local world = require "spec.support.world"

local BUILD_SECONDS = 600
local SOURCES = "CMakeLists.txt cmake src lua bin rockspec"
local PROVIDED = [[rocks_provided = {
  ["lua-cjson"] = "2.1.0-1", luaexpat = "1.5.1-1", luasocket = "3.1.0-1", argparse = "0.7.1-1",
}]]

local folder, tree

-- Runs shell commands in a folder of ours, away from this user's LuaRocks.
local function run(name, commands)
  local command = ("cd %s && %s"):format(child.quote(folder), commands)
  local environment = {
    HOME = folder .. "/home",
    LUAROCKS_CONFIG = folder .. "/luarocks.lua",
    MAKEFLAGS = "-j4",
    LD_PRELOAD = "",
  }
  local started <close> = process.start(folder, name, { "sh", "-c", command }, environment)
  local status = started:wait(BUILD_SECONDS)
  local stdout, stderr = started:output()
  assert(status == 0, stdout .. stderr)
  return stdout
end

local function luarocks(into, arguments)
  return ('luarocks --lua-version 5.4 --tree "$PWD/%s" %s'):format(into, arguments)
end

local function install_rock()
  folder = temporary.folder()
  tree = folder .. "/tree"
  temporary.write(folder .. "/luarocks.lua", PROVIDED)
  run("folders", "mkdir home 'the sources'")
  local copy = "unset LD_PRELOAD; cd %s && cp -r %s %s/'the sources' && cp examples/*.lua %s/home"
  assert(os.execute(copy:format(child.quote(paths.root), SOURCES, folder, folder)))
  local make = luarocks("../made", "make --deps-mode none rockspec/usher-scm-1.rockspec")
  run("make", "cd 'the sources' && " .. make)
  run("pack", luarocks("made", "pack usher"))
  run("forget", "rm -r 'the sources' made")
  run("install", luarocks("tree", "install --deps-mode none ./usher-scm-1.*.rock"))
end

-- What a program of examples/ prints, with the tree's modules and in a folder that has none.
local function output_of(example, environment)
  environment = environment or {}
  local share, lib = tree .. "/share/lua/5.4", tree .. "/lib/lua/5.4"
  environment.LUA_PATH = ("%s/?.lua;%s/?/init.lua;;"):format(share, share)
  environment.LUA_CPATH = lib .. "/?.so;;"
  environment.LD_PRELOAD = "" -- the rock's core was built without sanitizers
  local status, out, err =
    process.run(folder, { "lua5.4", ("%s/home/%s.lua"):format(folder, example) }, environment)
  assert.are.equal(0, status, err)
  return out
end

describe("the rock", function()
  setup(install_rock)

  teardown(function()
    temporary.remove(folder)
  end)

  it("has the command", function()
    local status, out = process.run(folder, { tree .. "/bin/usher", "--version" })
    assert.are.equal(0, status)
    assert.are.equal(("usher %s\n"):format(require "usher.version"), out)
  end)

  it("gives a program the primitives", function()
    local out = output_of "crypto"
    assert.matches("sha256\tba7816bf", out, 1, true)
    assert.matches("opened\ta refresh token\n", out, 1, true)
  end)

  it("keeps a token in a program", function()
    local here <close> = world.new { program = tree .. "/bin/usher", simulator = { ["--push-interval"] = 1 } }
    here:start_simulator()
    local out = output_of("keep_a_token", {
      TOKENS_DB = folder .. "/home/tokens.db",
      MEMORIES_API_KEY = here.api_key,
      MEMORIES_BASE_URL = here.environment.MEMORIES_BASE_URL,
      CALLBACK_PORT = here:callback_url():match ":(%d+)/",
      USHER_MASTER_KEY = ("A"):rep(43) .. "=",
    })
    assert.matches("plain code: a token for %d+ s\n", out)
    assert.matches("handler: a token for %d+ s\n", out)
  end)

  it("runs the gateway", function()
    local here <close> = world.new { program = tree .. "/bin/usher" }
    here:start_gateway()
    here:start_simulator()
    local token = here:await_token().access_token
    local status, out = here:usher("token", "default")
    assert.are.same({ 0, token .. "\n" }, { status, out })
  end)
end)

describe("cmake --install", function()
  it("puts everything below a prefix", function()
    local prefix = temporary.folder()
    finally(function()
      temporary.remove(prefix)
    end)
    local command = ("cmake --install %s --prefix %s"):format(child.quote(paths.build), child.quote(prefix))
    local status, _, err = process.run(prefix, { "sh", "-c", command })
    assert.are.equal(0, status, err)
    status, _, err = process.run(prefix, { prefix .. "/bin/usher", "keygen", prefix .. "/key" })
    assert.are.equal(0, status, err)
    assert.are.equal(45, #temporary.read(prefix .. "/key"))
  end)
end)
