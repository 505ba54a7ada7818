// SPDX-License-Identifier: MIT
// The modules of `usher.core`: `core.<name>` is the table that usher_bind_<name>, in bind_<name>.c or
// <name>.c, pushes.
#ifndef USHER_MODULES_H
#define USHER_MODULES_H

#include <lua.h>

#define USHER_MODULE_LIST(X)                                                                                 \
    X(future)                                                                                                \
    X(clock)                                                                                                 \
    X(loop)                                                                                                  \
    X(timer)                                                                                                 \
    X(signal)                                                                                                \
    X(encoding)                                                                                              \
    X(secret)                                                                                                \
    X(random)                                                                                                \
    X(digest)                                                                                                \
    X(aead)                                                                                                  \
    X(cbc)                                                                                                   \
    X(signature)                                                                                             \
    X(file)                                                                                                  \
    X(identity)                                                                                              \
    X(process)                                                                                               \
    X(command)                                                                                               \
    X(http)                                                                                                  \
    X(sqlite)                                                                                                \
    X(sqlite_hold)                                                                                           \
    X(tls)                                                                                                   \
    X(listener)                                                                                              \
    X(transfer)

#define USHER_MODULE_PROTOTYPE(name) int usher_bind_##name(lua_State *L);
USHER_MODULE_LIST(USHER_MODULE_PROTOTYPE)
#undef USHER_MODULE_PROTOTYPE

#endif
