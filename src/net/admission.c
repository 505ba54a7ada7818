// SPDX-License-Identifier: MIT
#include "admission.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>

#define ANYBODY UINT64_MAX

enum { FEW = 256 };

int usher_admission_max_descriptor(size_t spare) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= INT_MAX)
        return INT_MAX;
    rlim_t part = limit.rlim_cur < FEW ? spare * limit.rlim_cur / FEW : spare;
    return (int)(limit.rlim_cur > part ? limit.rlim_cur - part : 0);
}

static bool is_of(struct usher_deadline *deadline, uint64_t source) {
    return source == ANYBODY || usher_connection_source(usher_connection_of(deadline)) == source;
}

static struct usher_connection *dispensable(const struct usher_connection_group *group, uint64_t source) {
    static const enum usher_connection_status order[] = {USHER_CONNECTION_IDLE, USHER_CONNECTION_LINGERING,
                                                         USHER_CONNECTION_HANDSHAKE, USHER_CONNECTION_HEADERS,
                                                         USHER_CONNECTION_BODY};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct usher_deadline *deadline = usher_deadline_queue_oldest(group->deadlines, order[i]);
        while (deadline != NULL && !is_of(deadline, source))
            deadline = deadline->next;
        if (deadline != NULL)
            return usher_connection_of(deadline);
    }
    return NULL;
}

static size_t count_of(const struct usher_connection_group *group, uint64_t source) {
    size_t count = 0;
    for (size_t status = 0; status < USHER_CONNECTION_STATUS_COUNT; status++) {
        struct usher_deadline *deadline = usher_deadline_queue_oldest(group->deadlines, status);
        for (; deadline != NULL; deadline = deadline->next)
            count += is_of(deadline, source) ? 1 : 0;
    }
    return count;
}

bool usher_admission_is_closed(const struct usher_admission *admission,
                               const struct usher_connection_group *group) {
    return group->open >= admission->max_connections && dispensable(group, ANYBODY) == NULL;
}

// As accept() gives the lowest number that is free, the number of a descriptor tells how many there are: if
// it stays the lowest. Who was closed has just left a lower one.
static int renumber(int descriptor) {
    int lower = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (lower < 0)
        return descriptor;
    close(descriptor);
    return lower;
}

int usher_admission_admit(const struct usher_admission *admission, const struct usher_connection_group *group,
                          uint64_t source, int descriptor) {
    struct usher_connection *victim;
    if (admission->max_per_source > 0 && count_of(group, source) >= admission->max_per_source)
        victim = dispensable(group, source);
    else if (group->open >= admission->max_connections || descriptor >= admission->max_descriptor)
        victim = dispensable(group, ANYBODY);
    else
        return descriptor;
    if (victim != NULL) {
        usher_connection_close(victim);
        return renumber(descriptor);
    }
    close(descriptor);
    return -1;
}
