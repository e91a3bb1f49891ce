/*
 * One class: coordinate descent. From the row in force, one macro after the other is given each of
 * its other values, the nearest first; a row that is right and faster by more than the noise takes
 * the place of the best one. It ends when a pass over all macros changes nothing.
 */
#include "tuning.h"

#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_TRIED = 256, ROUNDS = 3, CONFIRM_ROUNDS = 7 };
static const double GRACE = 3; /* seconds */

typedef struct descent {
    tuning_search *search;
    const tuning_clock *clock;
    const tuning_class *class;
    const char *algo; /* by name, or NULL */
    tuning_trials trials;
    tuning_contestant first,
        best;       /* best.ctx is NULL as long as nothing is better than the first */
    tuning_row row; /* the best */
    tuning_row tried[MOST_TRIED];
    int tried_count;
    tuning_result *result;
} descent;

static bool was_tried(descent *d, const tuning_row *row)
{
    for (int i = 0; i < d->tried_count; i++)
        if (tuning_row_equal(&d->tried[i], row))
            return true;
    if (d->tried_count == MOST_TRIED)
        return true;
    d->tried[d->tried_count++] = *row;
    return false;
}

static void reject(descent *d, const tuning_row *row, const char *why)
{
    char words[TUNING_TEXT];
    d->result->rejected++;
    tuning_row_words(row, words);
    d->search->reject(d->class, words, why);
}

/* Whether the candidate, which was found right, is to take the best one's place. */
static bool wins(descent *d, const tuning_row *row, tuning_contestant *candidate)
{
    clcnn_error error = {0};
    tuning_ratio ratio = {.value = 0};
    tuning_contestant *best = d->best.ctx != NULL ? &d->best : &d->first;
    clcnn_status status = tuning_contestant_prepare(d->clock, candidate, d->class, d->algo, &error);
    if (status == CLCNN_SUCCESS)
        status =
            tuning_compare(d->clock, d->search->seconds, best, candidate, ROUNDS, &ratio, &error);
    if (status != CLCNN_SUCCESS)
        reject(d, row, error.message);
    return status == CLCNN_SUCCESS && ratio.value > TUNING_MARGIN;
}

static clcnn_status try_row(descent *d, const tuning_row *row, clcnn_error *error)
{
    char why[1600] = "";
    tuning_contestant candidate;
    const clcnn_status status =
        tuning_contestant_create(d->search, d->class, row, &candidate, error);
    if (status != CLCNN_SUCCESS)
        return status;
    d->result->candidates++;
    const tuning_verdict verdict =
        tuning_judge(d->clock, candidate.ctx, d->class, &d->trials, false, why, sizeof why);
    if (verdict == TUNING_WRONG)
        reject(d, row, why);
    if (verdict == TUNING_RIGHT && wins(d, row, &candidate)) {
        tuning_contestant_free(&d->best);
        d->best = candidate;
        d->row = *row;
    } else {
        tuning_contestant_free(&candidate);
    }
    return CLCNN_SUCCESS;
}

/* The knob's values from the nearest to `now` to the farthest. Returns how many. */
static int by_distance(const tuning_knob *knob, int now, int *order)
{
    int below = 0, count = 0;
    while (below < knob->count && knob->values[below] < now)
        below++;
    int above = below < knob->count && knob->values[below] == now ? below + 1 : below;
    below--;
    while (above < knob->count || below >= 0) {
        if (above < knob->count)
            order[count++] = knob->values[above++];
        if (below >= 0)
            order[count++] = knob->values[below--];
    }
    return count;
}

static clcnn_status turn_knob(descent *d, const tuning_knob *knob, bool *changed,
                              clcnn_error *error)
{
    enum { MOST_VALUES = 32 };
    int order[MOST_VALUES];
    const int *now = tuning_row_value(&d->row, knob->macro);
    const int count =
        now != NULL && knob->count <= MOST_VALUES ? by_distance(knob, *now, order) : 0;
    clcnn_status status = CLCNN_SUCCESS;
    for (int i = 0; i < count && status == CLCNN_SUCCESS; i++) {
        tuning_row row = d->row;
        tuning_row_set(&row, d->class, knob, order[i]);
        if (was_tried(d, &row))
            continue;
        if (tuning_is_over(d->clock)) {
            d->result->complete = false;
            return status;
        }
        status = try_row(d, &row, error);
        *changed |= tuning_row_equal(&row, &d->row);
    }
    return status;
}

static clcnn_status descend(descent *d, clcnn_error *error)
{
    clcnn_status status = CLCNN_SUCCESS;
    bool changed = true;
    while (changed && status == CLCNN_SUCCESS && d->result->complete) {
        changed = false;
        for (const tuning_knob *k = d->class->knobs; k->macro != NULL && status == CLCNN_SUCCESS;
             k++)
            status = turn_knob(d, k, &changed, error);
    }
    return status;
}

/* The row in force: what there is to beat. */
static clcnn_status begin(descent *d, clcnn_error *error)
{
    tuning_result *r = d->result;
    char why[1600] = "";
    clcnn_status status = tuning_contestant_create(d->search, d->class, NULL, &d->first, error);
    if (status == CLCNN_SUCCESS)
        status = tuning_row_of(d->first.ctx, d->class, &r->before, error);
    if (status == CLCNN_SUCCESS)
        status = tuning_trials_create(d->class, &d->trials, error);
    if (status != CLCNN_SUCCESS)
        return status;
    d->row = r->after = r->before;
    was_tried(d, &d->row);
    const tuning_verdict verdict =
        tuning_judge(d->clock, d->first.ctx, d->class, &d->trials, true, why, sizeof why);
    bool any = false;
    for (int i = 0; i < d->trials.count; i++)
        any |= d->trials.trials[i].supported;
    if (verdict == TUNING_OUT_OF_TIME)
        r->complete = false;
    else if (verdict == TUNING_WRONG && any)
        return CLCNN__FAIL(error, CLCNN_BAD_FILE, "the row that is in force is wrong: %.800s", why);
    else if (verdict == TUNING_RIGHT)
        status = tuning_contestant_prepare(d->clock, &d->first, d->class, d->algo, error);
    if (verdict == TUNING_WRONG || status == CLCNN_UNSUPPORTED) {
        r->absent = true;
        snprintf(r->why, sizeof r->why, "%.250s", *why != '\0' ? why : "no problem is supported");
        return CLCNN_SUCCESS;
    }
    return status;
}

/* Many were compared, and the luckiest was kept: only a contest of its own shows what it is worth.
 */
static clcnn_status confirm(descent *d, clcnn_error *error)
{
    const tuning_clock late = {.deadline = d->clock->deadline + GRACE,
                               .interrupted = d->clock->interrupted};
    const clcnn_status status = tuning_compare(&late, d->search->seconds, &d->first, &d->best,
                                               CONFIRM_ROUNDS, &d->result->ratio, error);
    if (status == CLCNN_SUCCESS && d->result->ratio.value > TUNING_MARGIN)
        d->result->after = d->row;
    return status;
}

clcnn_status tuning_search_class(tuning_search *search, const tuning_clock *clock,
                                 const tuning_class *class, tuning_result *result,
                                 clcnn_error *error)
{
    const double began = bench_now();
    *result = (tuning_result){.class = class, .complete = true};
    descent *d = calloc(1, sizeof *d);
    if (d == NULL)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for a search");
    *d = (descent){.search = search,
                   .clock = clock,
                   .class = class,
                   .algo = tuning_by_name(class) ? class->algo : NULL,
                   .result = result};
    clcnn_status status = begin(d, error);
    if (status == CLCNN_SUCCESS && !result->absent && result->complete)
        status = descend(d, error);
    if (status == CLCNN_SUCCESS && d->best.ctx != NULL)
        status = confirm(d, error);
    tuning_trials_free(&d->trials);
    tuning_contestant_free(&d->best);
    tuning_contestant_free(&d->first);
    free(d);
    result->seconds = bench_now() - began;
    return status;
}

clcnn_status tuning_adopt(tuning_search *search, const tuning_result *result, clcnn_error *error)
{
    char header[TUNING_TEXT], values[TUNING_TEXT];
    const size_t before = search->adopted != NULL ? strlen(search->adopted) : 0;
    const size_t size = before + 2 * TUNING_TEXT + 64;
    char *text = malloc(size);
    if (text == NULL)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for %zu bytes of rows", size);
    tuning_row_header(&result->after, header);
    tuning_row_values(&result->after, values);
    snprintf(text, size, "op %s\n%s\n%s\n%s", result->class->op, header, values,
             search->adopted != NULL ? search->adopted : "");
    free(search->adopted);
    search->adopted = text;
    return CLCNN_SUCCESS;
}
