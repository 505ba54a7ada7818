// SPDX-License-Identifier: MIT
// HTTP messages between Lua tables and the http layer, for every binding that carries them.
#ifndef USHER_HTTP_MESSAGE_H
#define USHER_HTTP_MESSAGE_H

#include <lua.h>
#include <stdbool.h>

struct usher_buffer;
struct usher_field;
struct usher_request;
struct usher_request_limits;
struct usher_response;

// Adds the field to the table on top of the stack, under its name in lower case, joined to what is there
// (RFC 9110 5.3). May raise.
void usher_http_message_add_field(lua_State *L, const struct usher_field *field);

// Pushes the request as a handler gets it (usher.core.Request). `remote` NULL: without one. May raise.
void usher_http_message_push_request(lua_State *L, const struct usher_request *request, const char *remote);

// Appends the response described by the table at `index` (usher.core.Response). `frame` gives what the table
// does not: keep_alive, is_head, minor_version, date; its other members are ignored. `out_keep_alive`:
// whether the connection stays. An aborted response is appended without its last byte, or not at all where it
// has no status. Raises, with nothing appended, where the value is no response that may be sent.
void usher_http_message_write_response(lua_State *L, int index, const struct usher_response *frame,
                                       struct usher_buffer *out, bool *out_keep_alive);

// Reads usher.core.http.limits at `index`, nil or none giving the defaults. Raises on a limit that is none.
void usher_http_message_check_limits(lua_State *L, int index, struct usher_request_limits *out_limits);

#endif
