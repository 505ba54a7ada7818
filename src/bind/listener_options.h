// SPDX-License-Identifier: MIT
// The table given to core.listener.open, checked and turned into the engine's options.
#ifndef USHER_LISTENER_OPTIONS_H
#define USHER_LISTENER_OPTIONS_H

#include <lua.h>

struct usher_listener_options;

// Reads the table at `index`, raising on a value that is none of usher.core.listener.options. Pushes its
// handler and a table of the strings that the options point to, to be kept as long as the listener.
// on_request and arg stay the caller's to set.
void usher_listener_options_check(lua_State *L, int index, struct usher_listener_options *out_options);

#endif
