// SPDX-License-Identifier: MIT
#include "sqlite_job.h"

#include "sqlite_fixture.h"

static void test_parameters(struct fixture *fixture) {
    struct usher_sqlite_job *job = usher_sqlite_job_new(2);
    char sql[] = "SELECT ?";
    check(fixture, usher_sqlite_step_set(&job->steps[0], sql, "guard", 2), "a step can be set");
    sql[0] = 'X';
    struct usher_sqlite_value *values = job->steps[0].parameters;
    check(fixture, strcmp(job->steps[0].sql, "SELECT ?") == 0 && strcmp(job->steps[0].guard, "guard") == 0,
          "its texts are copies");
    check(fixture, values[0].type == USHER_SQLITE_TYPE_NULL && values[1].type == USHER_SQLITE_TYPE_NULL,
          "parameters begin as null");
    usher_sqlite_value_set_text(&values[0], "a\0b", 3);
    usher_sqlite_value_set_text(&values[1], NULL, 0);
    check(fixture, values[0].length == 3 && memcmp(values[0].text, "a\0b", 4) == 0, "a text may hold NUL");
    check(fixture, values[1].type == USHER_SQLITE_TYPE_TEXT && values[1].length == 0, "a text may be empty");
    usher_sqlite_job_free(job);
    usher_sqlite_job_free(NULL);
}

static void test_results(struct fixture *fixture) {
    struct usher_sqlite_job *job = usher_sqlite_job_new(1);
    struct usher_sqlite_step *step = &job->steps[0];
    for (int i = 0; i < 1000; i++) {
        struct usher_sqlite_value *value = usher_sqlite_step_append(step);
        if (i % 2 == 0)
            usher_sqlite_value_set_text(value, "text", 4);
    }
    step->changes = 7;
    check(fixture, step->value_count == 1000 && step->values[999].type == USHER_SQLITE_TYPE_NULL,
          "results grow, and begin as null");
    usher_sqlite_job_clear_results(job);
    check(fixture, step->value_count == 0 && step->values == NULL && step->changes == 0,
          "results can be dropped");
    check(fixture, usher_sqlite_step_append(step) != NULL, "and come again");
    usher_sqlite_job_free(job);
    job = usher_sqlite_job_new(0);
    check(fixture, job != NULL && job->step_count == 0, "a job may have no step");
    usher_sqlite_job_free(job);
}

int main(void) {
    struct fixture fixture;
    fixture_init(&fixture);
    test_parameters(&fixture);
    test_results(&fixture);
    return fixture_deinit(&fixture);
}
