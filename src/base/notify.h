// SPDX-License-Identifier: MIT
// Tells the service manager how this process is: sd_notify's protocol, one datagram a message.
#ifndef USHER_NOTIFY_H
#define USHER_NOTIFY_H

#include "error.h"

#include <stddef.h>

// Sends lines such as "READY=1" to the socket that NOTIFY_SOCKET names: a path, or "@name" in Linux's
// abstract namespace. Never blocks. BAD_ADDRESS, NOT_FOUND (nobody has made it), CONNECT_FAILED (nobody
// listens), PERMISSION, IO (the queue is full) ...
enum usher_error usher_notify(const char *address, const char *text, size_t length);

#endif
