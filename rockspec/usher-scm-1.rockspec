-- SPDX-License-Identifier: MIT
-- To be made in a checkout: `luarocks --lua-version 5.4 make rockspec/usher-scm-1.rockspec`.
rockspec_format = "3.0"
package = "usher"
version = "scm-1"
source = {
  url = "git+file://.",
}
description = {
  summary = "Keeps API access tokens fresh",
  detailed = [[
    Takes the short-lived codes that a provider pushes, exchanges them, refreshes tokens before they expire, keeps
    everything sealed on disk, and hands a valid token to any program that asks. A gateway, and a library.
  ]],
  license = "MIT",
}
supported_platforms = { "linux" }
dependencies = {
  "lua >= 5.4, < 5.5",
  "lua-cjson >= 2.1.0",
  "luaexpat >= 1.5",
  "luasocket >= 3.0",
  "argparse >= 0.7",
}
-- No header of curl's: it may stand in a multiarch folder, where LuaRocks does not look; CMake does.
external_dependencies = {
  LIBUV = { header = "uv.h" },
  CURL = { library = "curl" },
  OPENSSL = { header = "openssl/evp.h" },
  SQLITE = { header = "sqlite3.h" },
}
build = {
  type = "cmake",
  variables = {
    CMAKE_BUILD_TYPE = "RelWithDebInfo",
    USHER_TESTS = "OFF",
    USHER_BINDIR = "$(BINDIR)",
    USHER_LIBDIR = "$(LIBDIR)",
    USHER_LUADIR = "$(LUADIR)",
    LUA_INCDIR = "$(LUA_INCDIR)",
  },
}
