-- SPDX-License-Identifier: MIT
local paths = require "spec.support.paths"
local architecture = require "spec.support.architecture"

local RULES = { "c_layers", "one_door", "lua_layers", "cycles", "lengths", "specs", "words" }

local function violations_of(root, rule)
  return architecture[rule](architecture.files(root), root)
end

-- A tree of its own for one planted fault: path -> text.
local function plant(tree)
  local root = io.popen("mktemp -d"):read "l"
  os.execute(("cd '%s' && mkdir -p src lua spec"):format(root))
  for path, text in pairs(tree) do
    os.execute(("mkdir -p '%s/%s'"):format(root, path:match "^(.*)/"))
    local file = assert(io.open(root .. "/" .. path, "w"))
    file:write(text)
    file:close()
  end
  finally(function()
    os.execute(("rm -r '%s'"):format(root))
  end)
  return root
end

describe("architecture", function()
  for _, rule in ipairs(RULES) do
    it("holds: " .. rule, function()
      assert.are.same({}, violations_of(paths.root, rule))
    end)
  end
end)

describe("architecture refuses", function()
  local function refuses(what, rule, tree, expected)
    it(what, function()
      local found = table.concat(violations_of(plant(tree), rule), "\n")
      assert.matches(expected, found, 1, true)
    end)
  end

  refuses("an include against the layers", "c_layers", {
    ["src/net/loop.h"] = "",
    ["src/base/buffer.c"] = '#include "loop.h"\n',
  }, "base may not include net/loop.h")

  refuses(
    "lua.h outside of bind",
    "c_layers",
    { ["src/net/loop.c"] = "#include <lua.h>\n" },
    "<lua.h> does not belong"
  )

  refuses(
    "libuv outside of net",
    "c_layers",
    { ["src/bind/door.c"] = "#include <uv.h>\n" },
    "<uv.h> does not belong"
  )

  refuses(
    "two headers of one name",
    "c_layers",
    { ["src/net/clock.h"] = "", ["src/base/clock.h"] = "" },
    "another folder"
  )

  refuses("a second door", "one_door", {
    ["src/bind/bind_timer.c"] = "static void f(lua_State *L) {\n    lua_pcall(L, 0, 0, 0);\n}\n",
  }, "lua_pcall outside of the door")

  refuses("a require upwards", "lua_layers", {
    ["lua/usher/keeper/init.lua"] = 'local gateway = require "usher.gateway"\n',
  }, "usher.keeper may not require usher.gateway")

  refuses("a require across one level", "lua_layers", {
    ["lua/usher/callback/init.lua"] = 'local api = require "usher.api"\n',
  }, "usher.callback may not require usher.api")

  refuses("a cycle of requires", "cycles", {
    ["lua/usher/keeper/a.lua"] = 'require "usher.keeper.b"\n',
    ["lua/usher/keeper/b.lua"] = 'require "usher.keeper.a"\n',
  }, "usher.keeper.a -> usher.keeper.b -> usher.keeper.a")

  refuses("a cycle of includes", "cycles", {
    ["src/net/a.h"] = '#include "b.h"\n',
    ["src/net/b.h"] = '#include "a.h"\n',
  }, "a -> b -> a")

  refuses("a long file", "lengths", { ["src/net/long.h"] = ("\n"):rep(401) }, "the file has 401 lines")

  refuses("a long C function", "lengths", {
    ["src/net/long.c"] = "int f(void) {\n" .. ("    g();\n"):rep(59) .. "}\n",
  }, "the function at line 1 has 61 lines")

  refuses("a long Lua function", "lengths", {
    ["lua/usher/long.lua"] = "return function()\n" .. ("  g()\n"):rep(59) .. "end\n",
  }, "the function at line 1 has 61 lines")

  refuses(
    "a Lua module without a spec",
    "specs",
    { ["lua/usher/keeper/init.lua"] = "" },
    "no keeper_spec.lua"
  )

  refuses("a binding without a spec", "specs", { ["src/bind/bind_timer.c"] = "" }, "no timer_spec.lua")

  refuses("a file without its licence", "words", { ["lua/usher/clock.lua"] = "return {}\n" }, "no SPDX line")

  refuses("a name that says nothing", "words", { ["lua/usher/util.lua"] = "" }, "says nothing")
end)
