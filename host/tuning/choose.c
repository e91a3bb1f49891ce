/*
 * Which algorithm the default takes: a row's `use`. The default goes through an operation's
 * algorithms in the order of clcnn_algos and takes the first whose row says 1 and that supports the
 * problem. So an algorithm's 1 is right where it beats every one behind it. An algorithm that no
 * plan can ask for by name is compared with what happens without it.
 */
#include "tuning.h"

#include "internal.h"

#include <string.h>

enum { ROUNDS = 5 };

typedef struct choice {
    const tuning_search *search;
    const tuning_clock *clock;
    tuning_result *result;
    tuning_contestant self;
} choice;

static bool in_time(const choice *c)
{
    return !tuning_is_over(c->clock);
}

/* One other: the best so far is kept, as it would be the default's choice. */
static clcnn_status against(choice *c, const char *name, const tuning_row *row, const char *algo,
                            clcnn_error *error)
{
    tuning_contestant other;
    tuning_ratio ratio = {.value = 0};
    clcnn_status status = tuning_contestant_create(c->search, c->result->class, row, &other, error);
    if (status != CLCNN_SUCCESS)
        return status;
    status = tuning_contestant_prepare(c->clock, &other, c->result->class, algo, error);
    if (status == CLCNN_SUCCESS)
        status =
            tuning_compare(c->clock, c->search->seconds, &other, &c->self, ROUNDS, &ratio, error);
    tuning_contestant_free(&other);
    tuning_result *r = c->result;
    if (status == CLCNN_SUCCESS && ratio.value > 0 && (!r->chosen || ratio.value < r->choice)) {
        r->chosen = true;
        r->choice = ratio.value;
        snprintf(r->other, sizeof r->other, "%s", name);
    }
    return status == CLCNN_UNSUPPORTED ? CLCNN_SUCCESS : status;
}

static clcnn_status against_later_ones(choice *c, clcnn_error *error)
{
    const clcnn_algo *algo = clcnn_algos(c->result->class->op);
    clcnn_status status = CLCNN_SUCCESS;
    while (strcmp(algo->name, c->result->class->algo) != 0)
        algo++;
    for (algo++; algo->name != NULL && status == CLCNN_SUCCESS && in_time(c); algo++)
        status = against(c, algo->name, NULL, algo->name, error);
    return status;
}

clcnn_status tuning_choose(tuning_search *search, const tuning_clock *clock, tuning_result *result,
                           clcnn_error *error)
{
    choice c = {.search = search, .clock = clock, .result = result};
    const bool by_name = tuning_by_name(result->class);
    tuning_row with = result->after, without = result->after;
    with.use = 1;
    without.use = 0;
    clcnn_status status = tuning_contestant_create(search, result->class, &with, &c.self, error);
    if (status != CLCNN_SUCCESS)
        return status;
    status = tuning_contestant_prepare(clock, &c.self, result->class,
                                       by_name ? result->class->algo : NULL, error);
    if (status == CLCNN_SUCCESS && by_name)
        status = against_later_ones(&c, error);
    else if (status == CLCNN_SUCCESS)
        status = against(&c, "without it", &without, NULL, error);
    tuning_contestant_free(&c.self);
    result->chosen = result->chosen && in_time(&c); /* the rest of them may be better */
    if (result->chosen && result->choice > TUNING_MARGIN)
        result->after.use = 1;
    if (result->chosen && result->choice < 1 / TUNING_MARGIN)
        result->after.use = 0;
    return status == CLCNN_UNSUPPORTED ? CLCNN_SUCCESS : status;
}
