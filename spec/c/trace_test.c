// SPDX-License-Identifier: MIT
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>

static int number;
static int failures;

static void check(bool condition, const char *name) {
    printf("%sok %d - %s\n", condition ? "" : "not ", ++number, name);
    failures += condition ? 0 : 1;
}

static unsigned selected(const char *selection) {
    struct usher_trace trace = {0};
    usher_trace_select(&trace, selection);
    return trace.areas;
}

static int count_call(int *calls) {
    return ++*calls;
}

static void test_selection(void) {
    const unsigned net = 1U << USHER_TRACE_NET;
    const unsigned http = 1U << USHER_TRACE_HTTP;
    const unsigned all = (1U << USHER_TRACE_COUNT) - 1;
    check(selected(NULL) == 0 && selected("") == 0, "nothing is selected by nothing");
    check(selected("net") == net && selected("net,http") == (net | http), "a list selects its areas");
    check(selected("all") == all && selected("all,-http") == (all & ~http), "a minus takes an area away");
    check(selected("net,-net,http") == http && selected("-all,net") == net, "words count from left to right");
    check(selected("ne,nett,NET, net,-,all-") == 0, "unknown words have no effect");
    check(selected(",,net,,") == net, "empty words have no effect");
}

static void test_switch(void) {
    struct usher_trace trace = {0};
    int calls = 0;
    USHER_TRACE(&trace, USHER_TRACE_NET, "%d", count_call(&calls));
    check(calls == 0, "arguments are not evaluated while the area is off");
    usher_trace_select(&trace, "net");
    check(usher_trace_is_on(&trace, USHER_TRACE_NET) && !usher_trace_is_on(&trace, USHER_TRACE_HTTP),
          "an area is on alone");
}

int main(void) {
    test_selection();
    test_switch();
    printf("1..%d\n", number);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
