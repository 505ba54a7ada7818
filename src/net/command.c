// SPDX-License-Identifier: MIT
#include "command.h"

#include "buffer.h"
#include "loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

enum { MAX_HIDDEN = 1 << 26 }; // more than there can be descriptors

struct usher_command {
    uv_process_t process;
    uv_pipe_t output;
    uv_timer_t deadline;
    int open_handles;
    bool has_exited;
    bool has_ended; // no more output
    struct usher_buffer buffer;
    struct usher_command_result result;
    usher_command_fn on_done; // NULL: nobody is to be told
    void *arg;
};

static void on_closed(uv_handle_t *handle) {
    struct usher_command *command = handle->data;
    if (--command->open_handles > 0)
        return;
    usher_buffer_deinit(&command->buffer);
    free(command);
}

static void close_handle(uv_handle_t *handle) {
    if (!uv_is_closing(handle))
        uv_close(handle, on_closed);
}

static void close_all(struct usher_command *command) {
    close_handle((uv_handle_t *)&command->process);
    close_handle((uv_handle_t *)&command->output);
    close_handle((uv_handle_t *)&command->deadline);
}

// The whole session: children that outlive the program would hold its output open. Not once its id may be
// another's.
static void kill_all(const struct usher_command *command) {
    uv_kill(-command->process.pid, SIGKILL);
}

// For one whose exit nobody hears of. It is waited for only where the signal reaches it, since one that runs
// as another user takes as long as it likes.
static void kill_and_reap(const struct usher_command *command) {
    kill_all(command);
    if (uv_kill(command->process.pid, SIGKILL) != 0)
        return;
    while (waitpid(command->process.pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

static void settle(struct usher_command *command) {
    usher_command_fn on_done = command->on_done;
    if (!command->has_exited || !command->has_ended || on_done == NULL)
        return;
    command->on_done = NULL;
    command->result.output = command->buffer.bytes;
    command->result.length = command->buffer.length;
    on_done(&command->result, command->arg);
    close_all(command);
}

// What has left the session may hold the output open for ever: it ends here all the same.
static void end_output(struct usher_command *command) {
    uv_read_stop((uv_stream_t *)&command->output);
    command->has_ended = true;
}

static void give_up(struct usher_command *command, enum usher_error error) {
    if (command->result.error == USHER_ERROR_NONE)
        command->result.error = error;
    if (!command->has_exited) {
        kill_all(command);
        return;
    }
    end_output(command);
    settle(command);
}

static void on_exit_of(uv_process_t *process, int64_t exit_status, int signal) {
    struct usher_command *command = process->data;
    command->result.exit_status = exit_status;
    command->result.signal = signal;
    kill_all(command);
    command->has_exited = true;
    if (command->result.error != USHER_ERROR_NONE)
        end_output(command);
    settle(command);
}

static void on_deadline(uv_timer_t *timer) {
    give_up(timer->data, USHER_ERROR_TIMEOUT);
}

static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out) {
    struct usher_command *command = handle->data;
    (void)suggested;
    *out = uv_buf_init(NULL, 0);
    // One byte more than may be kept tells that there is more.
    if (usher_buffer_reserve(&command->buffer, 1) == USHER_ERROR_NONE)
        *out = uv_buf_init(command->buffer.bytes + command->buffer.length,
                           (unsigned int)(command->buffer.capacity - command->buffer.length));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *bytes) {
    struct usher_command *command = stream->data;
    (void)bytes;
    if (count > 0)
        command->buffer.length += (size_t)count;
    if (count == 0 || (count > 0 && command->buffer.length < command->buffer.max_bytes))
        return;
    end_output(command);
    if (count == UV_EOF)
        settle(command);
    else
        give_up(command, count > 0             ? USHER_ERROR_LIMIT
                         : count == UV_ENOBUFS ? USHER_ERROR_OUT_OF_MEMORY
                                               : usher_error_from_errno((int)-count));
}

// libuv changes none of the strings, and does not say so.
static char **as_libuv_takes_them(const char *const *strings) {
    union {
        const char *const *ours;
        char **theirs;
    } list = {.ours = strings};
    return list.theirs;
}

static bool hide(int descriptor, struct usher_buffer *hidden) {
    int flags = fcntl(descriptor, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC) != 0)
        return true;
    if (usher_buffer_append(hidden, &descriptor, sizeof descriptor) != USHER_ERROR_NONE)
        return false;
    fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC);
    return true;
}

static bool hide_each(struct usher_buffer *hidden) {
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;
    bool is_complete = true;
    if (folder == NULL)
        return false;
    for (errno = 0; is_complete && (entry = readdir(folder)) != NULL; errno = 0) {
        long descriptor = strtol(entry->d_name, NULL, 10); // 0 for "."
        if (descriptor > STDERR_FILENO)
            is_complete = hide((int)descriptor, hidden);
    }
    is_complete = is_complete && errno == 0;
    closedir(folder);
    return is_complete;
}

// libcurl has descriptors that would be inherited, and a host may have some that are to be, by programs of
// its own. Where they cannot be listed all are closed for those too.
static bool hide_descriptors(struct usher_buffer *hidden) {
    return hide_each(hidden) || close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

static void reveal_descriptors(struct usher_buffer *hidden) {
    int descriptor;
    for (size_t i = 0; i < hidden->length; i += sizeof descriptor) {
        memcpy(&descriptor, hidden->bytes + i, sizeof descriptor);
        fcntl(descriptor, F_SETFD, 0);
    }
    usher_buffer_deinit(hidden);
}

static int spawn(struct usher_command *command, struct usher_loop *loop,
                 const struct usher_command_request *request) {
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&command->output},
        {.flags = UV_IGNORE}};
    const uv_process_options_t options = {
        .exit_cb = on_exit_of,
        .file = request->words[0],
        .args = as_libuv_takes_them(request->words),
        .env = as_libuv_takes_them(request->environment),
        .cwd = "/",
        .flags = UV_PROCESS_DETACHED, // a session of its own
        .stdio_count = 3,
        .stdio = stdio,
    };
    int status = uv_spawn(usher_loop_uv(loop), &command->process, &options);
    if (status != 0)
        return status;
    status = uv_read_start((uv_stream_t *)&command->output, allocate, on_read);
    if (status != 0)
        kill_and_reap(command);
    return status;
}

static struct usher_command *new_command(struct usher_loop *loop, size_t max_bytes) {
    struct usher_command *command = calloc(1, sizeof *command);
    if (command == NULL)
        return NULL;
    uv_pipe_init(usher_loop_uv(loop), &command->output, 0);
    uv_timer_init(usher_loop_uv(loop), &command->deadline);
    command->process.data = command;
    command->output.data = command;
    command->deadline.data = command;
    command->open_handles = 3;
    usher_buffer_init(&command->buffer, max_bytes + 1);
    return command;
}

static struct usher_command *start(struct usher_loop *loop, const struct usher_command_request *request,
                                   enum usher_error *out_error) {
    struct usher_command *command = new_command(loop, request->max_bytes);
    *out_error = USHER_ERROR_OUT_OF_MEMORY;
    if (command == NULL)
        return NULL;
    int status = spawn(command, loop, request);
    if (status != 0) {
        *out_error = usher_error_from_errno(-status);
        close_all(command);
        return NULL;
    }
    uv_update_time(usher_loop_uv(loop));
    uv_timer_start(&command->deadline, on_deadline, request->timeout_ms, 0);
    *out_error = USHER_ERROR_NONE;
    return command;
}

struct usher_command *usher_command_start(struct usher_loop *loop,
                                          const struct usher_command_request *request,
                                          usher_command_fn on_done, void *arg, enum usher_error *out_error) {
    struct usher_buffer hidden;
    usher_buffer_init(&hidden, MAX_HIDDEN * sizeof(int));
    *out_error = USHER_ERROR_IO;
    struct usher_command *command = hide_descriptors(&hidden) ? start(loop, request, out_error) : NULL;
    reveal_descriptors(&hidden);
    if (command != NULL) {
        command->on_done = on_done;
        command->arg = arg;
    }
    return command;
}

void usher_command_cancel(struct usher_command *command) {
    if (command->result.error == USHER_ERROR_NONE)
        command->result.error = USHER_ERROR_CANCELLED;
    // At the next turn: nobody is told of anything from inside a call.
    uv_timer_start(&command->deadline, on_deadline, 0, 0);
}

void usher_command_free(struct usher_command *command) {
    if (command == NULL)
        return;
    command->on_done = NULL;
    if (!command->has_exited)
        kill_and_reap(command);
    close_all(command);
}
