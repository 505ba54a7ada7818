// SPDX-License-Identifier: MIT
// How other bindings take a TLS certificate.
#ifndef USHER_BIND_TLS_H
#define USHER_BIND_TLS_H

#include <lua.h>

struct usher_tls;

// The certificate at `index`, which the value there goes on owning. Raises on another type and on a closed
// one.
struct usher_tls *usher_tls_argument(lua_State *L, int index);

#endif
