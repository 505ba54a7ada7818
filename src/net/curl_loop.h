// SPDX-License-Identifier: MIT
// libcurl's multi interface on the loop: its sockets and its one timer. Knows nothing of what is transferred.
//
// Rules of libcurl and libuv that shape it:
// - libcurl must not be entered from its own callbacks (curl #4563): they only arm watchers and the timer. A
//   time-out of 0 is armed as 1 ms, one of -1 stops the timer.
// - The timer stays referenced while armed: an unreferenced one lets the loop end with transfers under way.
// - A socket may be removed that was never announced (curl #17949), and one that no transfer uses any more
//   may still be signalled (curl #16026): both are nothing.
// - A socket callback that fails kills the whole multi handle: a socket that cannot be watched is left to the
//   time-out of its transfer instead.
// - curl_multi_socket_action that fails for want of memory arms no timer, not even for the time-outs of
//   transfers: it is called again a little later.
// - A watcher's memory is freed in its close callback only; libcurl closes sockets during
//   curl_multi_cleanup (curl #2782), so watchers outlive that call.
// - A message of curl_multi_info_read is gone once its handle is removed: copied first.
// - Completion is told from the info-read loop only, after the handle was removed: it may be freed there,
//   and others added or removed.
#ifndef USHER_CURL_LOOP_H
#define USHER_CURL_LOOP_H

#include <curl/curl.h>
#include <stdbool.h>

struct usher_loop;
struct usher_curl_loop;

// `easy` has ended with `code` and belongs to the caller again. Called on the loop, once for each handle
// added, unless that was removed before.
typedef void (*usher_curl_loop_fn)(CURL *easy, CURLcode code, void *arg);

// NULL: out of memory. At most `max_idle` connections are kept for reuse.
struct usher_curl_loop *usher_curl_loop_new(struct usher_loop *loop, long max_idle,
                                            usher_curl_loop_fn on_done, void *arg);

// Closes every connection. All handles must have been removed. NULL is allowed.
void usher_curl_loop_free(struct usher_curl_loop *curl_loop);

// Starts `easy` at the loop's next turn. False: out of memory.
bool usher_curl_loop_add(struct usher_curl_loop *curl_loop, CURL *easy);

// Takes back a handle that has not ended; on_done is not called for it.
void usher_curl_loop_remove(struct usher_curl_loop *curl_loop, CURL *easy);

#endif
