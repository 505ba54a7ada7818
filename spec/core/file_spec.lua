-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local file = core.file

local function fails(code, result, err)
  assert.is_nil(result)
  assert.are.equal(code, err.code)
end

local function names_in(folder)
  local pipe <close> = assert(io.popen("ls -A " .. child.quote(folder)))
  local names = {}
  for name in pipe:lines() do
    table.insert(names, name)
  end
  return names
end

local function shell(command, ...)
  assert(os.execute(command:format(...)))
end

describe("file", function()
  local folder

  before_each(function()
    folder = assert(io.popen("mktemp -d"):read "l")
  end)

  after_each(function()
    os.execute("rm -rf " .. child.quote(folder))
  end)

  local function write(name, bytes)
    local handle <close> = assert(io.open(folder .. "/" .. name, "wb"))
    handle:write(bytes)
    return folder .. "/" .. name
  end

  describe("read", function()
    it("gives all bytes", function()
      for _, bytes in ipairs { "", "a", "a\0b\r\n\xff", ("0123456789"):rep(5000) } do
        assert.are.equal(bytes, (file.read(write("bytes", bytes), 50000)))
      end
    end)

    it("takes a file of just max_bytes and none that is larger", function()
      local path = write("bytes", ("x"):rep(16384))
      assert.are.equal(16384, #file.read(path, 16384))
      fails("limit", file.read(path, 16383))
      fails("limit", file.read(path, 0))
      assert.are.equal("", (file.read(write("empty", ""), 0)))
    end)

    it("does not trust the size that is shown", function()
      assert.is_true(#file.read("/proc/self/stat", 65536) > 0)
      fails("limit", file.read("/proc/self/stat", 3))
    end)

    it("refuses what is no regular file, without waiting", function()
      shell("mkfifo '%s/pipe'", folder)
      fails("not_a_file", file.read(folder .. "/pipe", 10))
      fails("not_a_file", file.read(folder, 10))
      fails("not_a_file", file.read("/dev/null", 10))
      shell([[lua5.4 -e "assert(require 'socket.unix'():bind '%s/socket')"]], folder)
      fails("not_a_file", file.read(folder .. "/socket", 10))
    end)

    it("names the path in its error", function()
      local bytes, err = file.read(folder .. "/none", 10)
      fails("not_found", bytes, err)
      assert.are.equal(folder .. "/none: not found", err.message)
    end)

    it("tells where reading fails, and where no descriptor is left", function()
      fails("io", file.read("/proc/self/mem", 10))
      local code = child.run(
        [[
          local core = require "usher.core"
          local held = {}
          repeat
            held[#held + 1] = io.open "/dev/null"
          until #held > 100 or not io.open "/dev/null"
          io.write(select(2, core.file.read("/etc/passwd", 1 << 20)).code)
        ]],
        { before = "ulimit -n 64" }
      )
      assert.are.equal("too_many_files", code)
    end)

    it("raises on a path with a zero byte and on a negative size", function()
      assert.has_error(function()
        file.read("a\0b", 10)
      end, "bad argument #1 to 'read' (a name cannot contain a zero byte)")
      assert.has_error(function()
        file.read("a", -1)
      end, "bad argument #2 to 'read' (a size cannot be negative)")
    end)
  end)

  describe("create", function()
    it("makes a file with these bytes and this mode", function()
      for name, mode in pairs { private = 384, shared = 420, open = 438, closed = 0 } do
        assert.is_true(file.create(folder .. "/" .. name, "bytes\0", mode))
        local status = file.status(folder .. "/" .. name)
        assert.are.same({ "file", mode, 6 }, { status.type, status.mode, status.size })
      end
      assert.are.equal("bytes\0", (file.read(folder .. "/private", 10)))
      assert.are.same({ "closed", "open", "private", "shared" }, names_in(folder))
    end)

    it("takes large and empty contents", function()
      local bytes = ("0123456789abcdef"):rep(65536)
      assert.is_true(file.create(folder .. "/large", bytes, 384))
      assert.is_true(bytes == file.read(folder .. "/large", #bytes))
      assert.is_true(file.create(folder .. "/empty", "", 384))
      assert.are.equal("", (file.read(folder .. "/empty", 0)))
    end)

    it("never replaces anything", function()
      local path = write("old", "old")
      fails("exists", file.create(path, "new", 384))
      assert.are.equal("old", (file.read(path, 10)))
      shell("mkdir '%s/folder'; ln -s nowhere '%s/link'", folder, folder)
      fails("exists", file.create(folder .. "/folder", "new", 384))
      fails("exists", file.create(folder .. "/link", "new", 384))
      assert.are.same({ "folder", "link", "old" }, names_in(folder))
    end)

    it("removes what a process that was killed here left, and nothing else", function()
      local stale = { ".usher-0123456789abcdef.tmp", ".usher-ffffffffffffffff.tmp" }
      local others =
        { ".usher-0123456789abcdef", ".usher-0123456789abcdefa.tmp", "usher-0123456789abcdef.tmp" }
      local live = ".usher-00000000000000aa.tmp"
      for _, names in ipairs { stale, others, { live } } do
        for _, name in ipairs(names) do
          write(name, "key")
        end
      end
      shell("mkdir '%s/.usher-00000000000000bb.tmp'", folder)
      local maker = io.popen(("exec flock '%s/%s' sh -c 'echo; read line'"):format(folder, live), "w")
      shell("until ! flock -n '%s/%s' true; do :; done", folder, live)
      assert(file.create(folder .. "/new", "bytes", 384))
      maker:write "\n"
      maker:close()
      assert.are.same({
        live,
        ".usher-00000000000000bb.tmp",
        others[1],
        others[2],
        "new",
        others[3],
      }, names_in(folder))
    end)

    it("refuses a path without a folder or a name", function()
      fails("not_found", file.create(folder .. "/none/key", "bytes", 384))
      fails("not_found", file.create(write("file", "") .. "/key", "bytes", 384))
      fails("invalid_argument", file.create("", "bytes", 384))
      fails("invalid_argument", file.create(folder .. "/", "bytes", 384))
      fails("invalid_argument", file.create(folder .. "/" .. ("n"):rep(256), "bytes", 384))
      fails("invalid_argument", file.create(("/x"):rep(3000), "bytes", 384))
    end)

    it("knows the folder it runs in, and the root", function()
      local output = child.run(
        [[
          local file = require("usher.core").file
          assert(file.create("here", "bytes", 384))
          local code = select(2, file.create("/proc", "bytes", 384)).code
          print(code == "exists" or code == "permission")
        ]],
        { folder = folder }
      )
      assert.are.equal("true\n", output)
      assert.are.equal("bytes", (file.read(folder .. "/here", 10)))
    end)

    it("leaves nothing behind when the disk is full", function()
      -- A size limit stands in for the disk: the write that crosses it fails the same way.
      local output = child.run(
        ([[
          local core = require "usher.core"
          print(select(2, core.file.create("%s/key", ("x"):rep(1 << 20), 384)))
        ]]):format(folder),
        { before = "trap '' XFSZ; ulimit -f 8" }
      )
      assert.matches("no space left", output, 1, true)
      assert.are.same({}, names_in(folder))
    end)

    it("raises on a mode out of range", function()
      for _, mode in ipairs { -1, 512, 1.5 } do
        assert.has_error(function()
          file.create(folder .. "/key", "bytes", mode)
        end)
      end
      assert.are.same({}, names_in(folder))
    end)
  end)

  describe("status", function()
    it("tells the types apart", function()
      shell("mkfifo '%s/pipe'; ln -s file '%s/link'", folder, folder)
      shell([[lua5.4 -e "assert(require 'socket.unix'():bind '%s/socket')"]], folder)
      write("file", "four")
      for name, kind in pairs {
        file = "file",
        link = "file",
        pipe = "other",
        socket = "socket",
        ["."] = "directory",
      } do
        assert.are.equal(kind, file.status(folder .. "/" .. name).type)
      end
      assert.are.equal(4, file.status(folder .. "/link").size)
    end)

    it("gives owner and permission bits", function()
      local path = write("file", "")
      shell("chmod 4751 '%s'", path)
      assert.are.equal(tonumber("4751", 8), file.status(path).mode)
      assert.are.equal(tonumber(io.popen("id -u"):read "l"), file.status(path).uid)
    end)

    it("fails for what is not there", function()
      fails("not_found", file.status(folder .. "/none"))
      shell("ln -s none '%s/link'; ln -s loop '%s/loop'", folder, folder)
      fails("not_found", file.status(folder .. "/link"))
      fails("invalid_argument", file.status(folder .. "/loop"))
    end)
  end)

  describe("make_directory", function()
    it("makes the folder and its parents with this mode", function()
      assert.is_true(file.make_directory(folder .. "/a//b/c/", 448))
      for _, name in ipairs { "/a", "/a/b", "/a/b/c" } do
        local status = file.status(folder .. name)
        assert.are.same({ "directory", 448 }, { status.type, status.mode })
      end
      assert.is_true(file.make_directory(folder .. "/open", 511))
      assert.are.equal(511, file.status(folder .. "/open").mode)
    end)

    it("leaves one that exists as it is", function()
      shell("mkdir -m 750 '%s/old'", folder)
      assert.is_true(file.make_directory(folder .. "/old", 448))
      assert.are.equal(tonumber("750", 8), file.status(folder .. "/old").mode)
      assert.is_true(file.make_directory("/", 448))
      assert.is_true(file.make_directory(".", 448))
    end)

    it("fails where something else has the name", function()
      local path = write("file", "")
      fails("exists", file.make_directory(path, 448))
      fails("not_found", file.make_directory(path .. "/below", 448))
      fails("invalid_argument", file.make_directory("", 448))
      fails("invalid_argument", file.make_directory(("/x"):rep(3000), 448))
    end)
  end)

  describe("set_group", function()
    it("gives the file to the group", function()
      local path = write("shared", "")
      local group = io.popen("id -u"):read "l" == "0" and "daemon" or io.popen("id -gn"):read "l"
      assert.is_true(file.set_group(path, group))
      assert.are.equal(group, io.popen("stat -c %G " .. child.quote(path)):read "l")
    end)

    it("fails for a group or a file that is not there", function()
      fails("not_found", file.set_group(write("shared", ""), "no such group"))
      fails("not_found", file.set_group(folder .. "/none", io.popen("id -gn"):read "l"))
    end)

    it("raises on a group with a zero byte", function()
      assert.error_matches(function()
        file.set_group(write("shared", ""), io.popen("id -gn"):read "l" .. "\0")
      end, "a name cannot contain a zero byte", 1, true)
    end)
  end)

  describe("set_mode", function()
    it("gives the file exactly these bits", function()
      local path = write("shared", "")
      assert.is_true(file.set_mode(path, tonumber("640", 8)))
      assert.are.equal(tonumber("640", 8), file.status(path).mode)
    end)

    it("fails for a file that is not there, and for bits that are none", function()
      fails("not_found", file.set_mode(folder .. "/none", 384))
      assert.has_error(function()
        file.set_mode(folder, -1)
      end)
    end)
  end)

  describe("rename, sweep, remove and copy_owner", function()
    it("give a file another name, which replaces what had it", function()
      local path = write("new", "new")
      assert.is_true(file.rename(path, write("old", "old")))
      assert.are.equal("new", (file.read(folder .. "/old", 10)))
      assert.are.same({ "old" }, names_in(folder))
      fails("not_found", file.rename(path, folder .. "/old"))
    end)

    it("sweep a folder without making anything", function()
      write(".usher-0123456789abcdef.tmp", "key")
      assert.is_true(file.sweep(folder))
      assert.are.same({}, names_in(folder))
      fails("not_found", file.sweep(folder .. "/none"))
    end)

    it("remove a file", function()
      local path = write("old", "old")
      assert.is_true(file.remove(path))
      fails("not_found", file.remove(path))
      assert.are.same({}, names_in(folder))
    end)

    it("give a file the owner of another", function()
      local path, from = write("new", "new"), write("old", "old")
      assert.is_true(file.copy_owner(path, from))
      fails("not_found", file.copy_owner(path, folder .. "/none"))
      fails("not_found", file.copy_owner(folder .. "/none", from))
      if os.execute("chown 12345:12346 " .. child.quote(from) .. " 2>/dev/null") then
        assert.is_true(file.copy_owner(path, from))
        assert.are.equal(12345, file.status(path).uid)
        local pipe <close> = io.popen("stat -c %g " .. child.quote(path))
        assert.are.equal("12346", pipe:read "l")
      end
    end)
  end)
end)
