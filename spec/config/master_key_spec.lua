-- SPDX-License-Identifier: MIT
local core = require "usher.core"
local master_key = require "usher.config.master_key"
local paths = require "spec.support.paths"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"

local KEY = ("k"):rep(32)
local TEXT = core.encoding.base64_encode(KEY)

local MAX_REGION_BYTES = 256 << 20 -- what is larger is a sanitizer's
local CHUNK_BYTES = 1 << 20

local folder, path, store_path

local function write(text, mode)
  temporary.write(path, text)
  assert(os.execute(("chmod %s '%s'"):format(mode or "600", path)))
end

local function message_of(key, err)
  assert.is_nil(key)
  assert.are.equal("bad_configuration", err.code)
  return err.message
end

local function load(text)
  return master_key.load({ state_dir = folder, master_key = text and core.secret.new(text) }, store_path)
end

-- How often a text stands in the memory that a process can write.
local function count_in_memory(pid, text)
  local count, memory <close> = 0, assert(io.open(("/proc/%d/mem"):format(pid), "rb"))
  for line in io.lines(("/proc/%d/maps"):format(pid)) do
    local first, last = line:match "^(%x+)%-(%x+) rw"
    first, last = tonumber(first or "0", 16), tonumber(last or "0", 16)
    if last - first <= MAX_REGION_BYTES then
      local before = ""
      for at = first, last - 1, CHUNK_BYTES do
        memory:seek("set", at)
        local bytes = before .. (memory:read(math.min(CHUNK_BYTES, last - at)) or "")
        count = count + select(2, bytes:gsub((text:gsub("%W", "%%%0")), ""))
        before = bytes:sub(-(#text - 1))
      end
    end
  end
  return count
end

-- A program that has run some code, and then sleeps.
local function start(code)
  local environment = {
    LUA_PATH = paths.root .. "/lua/?.lua;" .. paths.root .. "/lua/?/init.lua;;",
    LUA_CPATH = paths.build .. "/lib/?.so;;",
  }
  local finish = [[
    collectgarbage() collectgarbage()
    io.stderr:write "done\n"
    require("usher.clock").system():sleep(60)]]
  local program = process.start(folder, "keeper", { "lua5.4", "-e", code .. "\n" .. finish }, environment)
  program:await "done"
  return program
end

describe("the master key", function()
  before_each(function()
    folder = temporary.folder() .. "/state"
    assert(core.file.make_directory(folder, 448))
    path, store_path = folder .. "/master.key", folder .. "/usher.db"
  end)

  after_each(function()
    temporary.remove((folder:gsub("/state$", "")))
  end)

  it("comes from the variable first", function()
    write(core.encoding.base64_encode(("x"):rep(32)))
    assert.are.equal(KEY, load(TEXT):reveal())
  end)

  it("comes from its file, with or without a newline", function()
    for _, text in ipairs { TEXT, TEXT .. "\n", TEXT .. "\r\n" } do
      write(text)
      assert.are.equal(KEY, load():reveal())
    end
    write(TEXT, "400")
    assert.are.equal(KEY, load():reveal())
  end)

  it("is made, 0600, where neither key nor store exists", function()
    temporary.remove(folder)
    local key = assert(load())
    assert.are.equal(32, #key)
    assert.are.equal(384, core.file.status(path).mode & 4095)
    assert.are.equal(448, core.file.status(folder).mode & 4095)
    assert.are.equal(core.encoding.base64_encode(key:reveal()) .. "\n", temporary.read(path))
    assert.is_true(core.secret.equal(key, load()))
  end)

  it("is not made anew while its store is there", function()
    temporary.write(store_path, "")
    local message = message_of(load())
    assert.is_truthy(message:find("missing, while the store", 1, true), message)
    assert.is_nil(core.file.status(path))
  end)

  it("is refused from a file that others may read", function()
    for _, mode in ipairs { "640", "604", "660", "610" } do
      write(TEXT, mode)
      local message = message_of(load())
      assert.is_truthy(message:find(("mode 0%s lets others"):format(mode)), message)
    end
  end)

  it("is refused in another size or encoding", function()
    for text, expected in pairs {
      [""] = "0 bytes instead of 32",
      [core.encoding.base64_encode(KEY .. "k")] = "33 bytes instead of 32",
      [core.encoding.base64_encode(("k"):rep(16))] = "16 bytes instead of 32",
      [KEY] = "24 bytes instead of 32",
      [core.encoding.hex_encode(KEY)] = "48 bytes instead of 32",
      [TEXT .. "\n\n"] = "not base64",
    } do
      write(text)
      local message = message_of(load())
      assert.is_truthy(message:find(expected, 1, true), message)
    end
    local message = message_of(load "AAAA")
    assert.is_truthy(message:find("USHER_MASTER_KEY: 3 bytes", 1, true), message)
  end)

  it("is refused from what is no file", function()
    assert(core.file.make_directory(path, 448))
    assert.is_truthy(message_of(load()):find "not a regular file")
  end)

  it("lies in a file or nowhere, and the next one beside it", function()
    local secret = core.secret.new(TEXT)
    assert.are.equal("/s/master.key", master_key.path { state_dir = "/s" })
    assert.is_nil(master_key.path { state_dir = "/s", master_key = secret })
    assert.are.equal("/k", master_key.path { state_dir = "/s", master_key = secret, master_key_file = "/k" })
    assert.are.equal("/k.new", master_key.next_path "/k")
  end)

  it("gives way to the next one", function()
    write(TEXT)
    temporary.write(folder .. "/.usher-0123456789abcdef.tmp", TEXT)
    temporary.write(path .. ".new", "next")
    assert.is_true(master_key.replace(path))
    assert.are.equal("next", temporary.read(path))
    local names = io.popen(("ls -A '%s'"):format(folder))
    assert.are.equal("master.key\n", names:read "a")
    names:close()
    assert.are.equal("not_found", select(2, master_key.replace(path)).code)
  end)

  it("stands in memory once, after it was read from a file", function()
    local key = core.random.bytes(32)
    local text = core.encoding.base64_encode(key)
    write(text .. "\n")
    for _, code in ipairs {
      ([[key = assert(require("usher.config.master_key").read %q)]]):format(path),
      ([[local secret = assert(require("usher.config.deferred").file(%q):read())
        key = assert(require("usher.config.master_key").parse(secret, "store.key"))
        secret:close()]]):format(path),
    } do
      local program <close> = start(code)
      assert.are.equal(0, count_in_memory(program.pid, text))
      assert.are.equal(1, count_in_memory(program.pid, key))
    end
  end)

  it("never shows in a message", function()
    write(TEXT .. "tail")
    assert.is_nil(message_of(load()):find(TEXT, 1, true))
  end)

  it("is never written over another", function()
    write(TEXT)
    local made, err = master_key.create(path)
    assert.is_nil(made)
    assert.are.equal("exists", err.code)
    assert.are.equal(TEXT, temporary.read(path))
  end)
end)
