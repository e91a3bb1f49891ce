/*
 * Rows against the clock. Each has a context of its own on the same queue, so that both are ready
 * at any time; they take turns, because the speed of a machine drifts.
 */
#include "tuning.h"

#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool tuning_is_over(const tuning_clock *clock)
{
    return bench_now() >= clock->deadline || clock->interrupted();
}

/* Adds rows to a context. */
static clcnn_status tune(clcnn_ctx *ctx, const char *op, const char *rows, clcnn_error *error)
{
    const clcnn_status status = clcnn_ctx_tune(ctx, op, rows);
    if (status != CLCNN_SUCCESS)
        *error = *clcnn_last_error(ctx);
    return status;
}

clcnn_status tuning_contestant_create(const tuning_search *search, const tuning_class *class,
                                      const tuning_row *row, tuning_contestant *c,
                                      clcnn_error *error)
{
    *c = (tuning_contestant){.ctx = NULL};
    clcnn_status status = clcnn_ctx_create(&c->ctx, clcnn_ctx_queue(search->ctx), error);
    if (status == CLCNN_SUCCESS && search->adopted != NULL)
        status = tune(c->ctx, class->op, search->adopted, error);
    if (status == CLCNN_SUCCESS && row != NULL) {
        char header[TUNING_TEXT], values[TUNING_TEXT], text[2 * TUNING_TEXT + 2];
        tuning_row_header(row, header);
        tuning_row_values(row, values);
        snprintf(text, sizeof text, "%s\n%s\n", header, values);
        status = tune(c->ctx, class->op, text, error);
    }
    if (status != CLCNN_SUCCESS)
        tuning_contestant_free(c);
    return status;
}

void tuning_contestant_free(tuning_contestant *c)
{
    for (int i = 0; i < TUNING_MAX_PROBLEMS; i++)
        bench_subject_destroy(c->subjects[i]);
    clcnn_ctx_destroy(c->ctx);
    *c = (tuning_contestant){.ctx = NULL};
}

/* One run to have it built, and the checksum of its result. */
static clcnn_status first_run(bench_subject *subject, double *checksum, clcnn_error *error)
{
    *checksum = NAN;
    clcnn_status status = subject->run(subject, 1, error);
    if (status == CLCNN_SUCCESS && subject->checksum != NULL)
        status = subject->checksum(subject, checksum, error);
    return status;
}

clcnn_status tuning_contestant_prepare(const tuning_clock *clock, tuning_contestant *c,
                                       const tuning_class *class, const char *algo,
                                       clcnn_error *error)
{
    int ready = 0;
    for (int i = 0; class->problems[i].name != NULL && !tuning_is_over(clock); i++) {
        const bench_case *problem = tuning_case_find(class->problems[i].name);
        const bench_request request = {.ctx = c->ctx,
                                       .c = problem,
                                       .way =
                                           bench_way_find(class->op, class->problems[i].direction),
                                       .direction = class->problems[i].direction,
                                       .algo = algo};
        clcnn_status status = bench_subject_create(&request, &c->subjects[i], error);
        if (status == CLCNN_SUCCESS)
            status = first_run(c->subjects[i], &c->checksums[i], error);
        if (status == CLCNN_SUCCESS && problem->rounded)
            c->checksums[i] = NAN;
        ready += status == CLCNN_SUCCESS;
        if (status != CLCNN_SUCCESS && status != CLCNN_UNSUPPORTED)
            return status;
        if (status == CLCNN_UNSUPPORTED) {
            bench_subject_destroy(c->subjects[i]);
            c->subjects[i] = NULL;
        }
    }
    return ready > 0 || tuning_is_over(clock) ? CLCNN_SUCCESS : CLCNN_UNSUPPORTED;
}

/* The results of two on one problem, where they are exact. */
static clcnn_status check_equal(const tuning_contestant *a, const tuning_contestant *b, int i,
                                clcnn_error *error)
{
    const double x = a->checksums[i], y = b->checksums[i];
    if (isnan(x) || isnan(y) || (x <= y && x >= y))
        return CLCNN_SUCCESS;
    return CLCNN__FAIL(error, CLCNN_BAD_FILE, "problem %d: checksum %.17g, not %.17g", i + 1, y, x);
}

typedef struct tally {
    bench_samples a, b;
} tally;

/* One sample of each; who goes first changes from round to round. */
static clcnn_status take_turns(double seconds, bench_subject *a, bench_subject *b, int round,
                               tally *t, clcnn_error *error)
{
    double ms[2] = {0};
    bench_subject *const subjects[2] = {a, b};
    clcnn_status status = CLCNN_SUCCESS;
    for (int i = 0; i < 2 && status == CLCNN_SUCCESS; i++) {
        const int who = (i + round) % 2;
        status = bench_sample(subjects[who], seconds, &ms[who], error);
    }
    if (status == CLCNN_SUCCESS) {
        bench_add(&t->a, ms[0]);
        bench_add(&t->b, ms[1]);
    }
    return status;
}

static double mean_ratio(tally *tallies, int *problems)
{
    double sum = 0;
    *problems = 0;
    for (int i = 0; i < TUNING_MAX_PROBLEMS; i++)
        if (tallies[i].a.count > 0) {
            sum +=
                log(bench_summarise(&tallies[i].a).median / bench_summarise(&tallies[i].b).median);
            ++*problems;
        }
    return *problems > 0 ? exp(sum / *problems) : 0;
}

/* One round over all problems; false in *whole when time was up. */
static clcnn_status play_round(const tuning_clock *clock, double seconds, tuning_contestant *a,
                               tuning_contestant *b, int round, tally *tallies, bool *whole,
                               clcnn_error *error)
{
    clcnn_status status = CLCNN_SUCCESS;
    *whole = true;
    for (int i = 0; i < TUNING_MAX_PROBLEMS && status == CLCNN_SUCCESS && *whole; i++) {
        if (a->subjects[i] == NULL || b->subjects[i] == NULL)
            continue;
        *whole = !tuning_is_over(clock);
        if (*whole)
            status = take_turns(seconds, a->subjects[i], b->subjects[i], round, &tallies[i], error);
    }
    return status;
}

clcnn_status tuning_compare(const tuning_clock *clock, double seconds, tuning_contestant *a,
                            tuning_contestant *b, int rounds, tuning_ratio *ratio,
                            clcnn_error *error)
{
    static const double PLAIN[2] = {0.8, 2}; /* below and above these a round says enough */
    tally tallies[TUNING_MAX_PROBLEMS];
    memset(tallies, 0, sizeof tallies);
    *ratio = (tuning_ratio){.value = 0};
    clcnn_status status = CLCNN_SUCCESS;
    for (int i = 0; i < TUNING_MAX_PROBLEMS && status == CLCNN_SUCCESS; i++)
        if (a->subjects[i] != NULL && b->subjects[i] != NULL)
            status = check_equal(a, b, i, error);
    for (int round = 0; round < rounds && status == CLCNN_SUCCESS; round++) {
        bool whole;
        status = play_round(clock, seconds, a, b, round, tallies, &whole, error);
        if (status != CLCNN_SUCCESS || !whole)
            return status;
        const double so_far = mean_ratio(tallies, &ratio->problems);
        ratio->rounds = round + 1;
        if (round + 1 == rounds || so_far < PLAIN[0] || so_far > PLAIN[1]) {
            ratio->value = so_far;
            break;
        }
    }
    return status;
}
