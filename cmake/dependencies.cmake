# SPDX-License-Identifier: MIT
# The libraries usher stands on, each as one imported or local target.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(CURL 7.87 REQUIRED) # CURLOPT_QUICK_EXIT
find_package(SQLite3 3.40 REQUIRED)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv>=1.44)

# Headers only: the symbols come from the interpreter that loads the module.
add_library(usher_lua INTERFACE)
if(LUA_INCDIR)
  target_include_directories(usher_lua SYSTEM INTERFACE ${LUA_INCDIR})
else()
  pkg_check_modules(LUA REQUIRED lua5.4)
  target_include_directories(usher_lua SYSTEM INTERFACE ${LUA_INCLUDE_DIRS})
endif()

# llhttp: the system's library where it is new enough, else the sources that Debian 12 ships.
pkg_check_modules(LLHTTP QUIET IMPORTED_TARGET libllhttp>=9.2)
if(LLHTTP_FOUND)
  add_library(usher_llhttp ALIAS PkgConfig::LLHTTP)
else()
  set(USHER_LLHTTP_SOURCES /usr/share/llhttp CACHE PATH "folder of llhttp's C sources")
  set(USHER_LLHTTP_INCLUDE /usr/share/include/llhttp CACHE PATH "folder of llhttp.h")
  add_library(usher_llhttp STATIC
    ${USHER_LLHTTP_SOURCES}/api.c ${USHER_LLHTTP_SOURCES}/http.c ${USHER_LLHTTP_SOURCES}/llhttp.c)
  target_include_directories(usher_llhttp SYSTEM PUBLIC ${USHER_LLHTTP_INCLUDE})
  target_compile_definitions(usher_llhttp PUBLIC LLHTTP_STRICT_MODE=1)
  target_compile_options(usher_llhttp PRIVATE -w)
  usher_harden(usher_llhttp)
endif()
