/*
 * Whether a row is right: small cases in every direction, with reals and, where their results are
 * exact, with integers, each twice for the bits, against the CPU reference.
 */
#include "tuning.h"

#include "internal.h"

#include <stdlib.h>
#include <string.h>

static bool has_inputs(const check_case *c, unsigned needed)
{
    for (int i = 0; c->op->inputs[i].name != NULL; i++)
        if (needed >> i & 1 && c->in[i].f == NULL)
            return false;
    return true;
}

/* The trial owns its case. */
static clcnn_status add_trial(tuning_trials *trials, const check_op *op, const bench_case *from,
                              const check_direction *direction, check_values values,
                              clcnn_error *error)
{
    tuning_trial *t = &trials->trials[trials->count];
    if (trials->count == TUNING_MAX_TRIALS)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "%s has more than %d trials", from->name,
                           TUNING_MAX_TRIALS);
    *t = (tuning_trial){.c = check_case_create(op, &from->desc, values, 1, error),
                        .direction = direction};
    if (t->c == NULL)
        return error->status;
    clcnn_status status = CLCNN_SUCCESS;
    if (has_inputs(t->c, direction->needs))
        status = check_expected_create(t->c, direction, &t->expected);
    else
        status = CLCNN_UNSUPPORTED;
    if (status == CLCNN_SUCCESS) {
        trials->count++;
        return status;
    }
    check_case_destroy(t->c);
    if (status == CLCNN_UNSUPPORTED)
        return CLCNN_SUCCESS;
    return CLCNN__FAIL(error, status, "the reference of %s refuses %s", op->name, from->name);
}

clcnn_status tuning_trials_create(const tuning_class *class, tuning_trials *trials,
                                  clcnn_error *error)
{
    static const check_values kinds[] = {CHECK_INTEGERS, CHECK_REALS};
    const check_op *op = check_op_find(class->op);
    clcnn_status status = CLCNN_SUCCESS;
    trials->count = 0;
    for (const char *const *name = class->checks; *name != NULL; name++) {
        const bench_case *from = tuning_case_find(*name);
        for (const check_direction *d = op->directions; d->name != NULL; d++)
            for (size_t k = from->rounded ? 1 : 0; k < 2 && status == CLCNN_SUCCESS; k++)
                status = add_trial(trials, op, from, d, kinds[k], error);
    }
    if (status != CLCNN_SUCCESS)
        tuning_trials_free(trials);
    return status;
}

void tuning_trials_free(tuning_trials *trials)
{
    for (int i = 0; i < trials->count; i++) {
        check_expected_free(&trials->trials[i].expected);
        check_case_destroy(trials->trials[i].c);
    }
    trials->count = 0;
}

/* Plain, and with packed weights where the algorithm packs. */
static check_result run_trial(clcnn_ctx *ctx, const char *algo, const tuning_trial *t)
{
    check_options options = {.ctx = ctx, .algo = algo, .twice = true};
    check_result result = check_run(t->c, t->direction, &t->expected, &options);
    if (result.verdict == CHECK_PASS && result.packs) {
        options.packed = true;
        result = check_run(t->c, t->direction, &t->expected, &options);
    }
    return result;
}

tuning_verdict tuning_judge(const tuning_clock *clock, clcnn_ctx *ctx, const tuning_class *class,
                            tuning_trials *trials, bool first, char *why, size_t size)
{
    const char *algo = tuning_by_name(class) ? class->algo : NULL;
    int passed = 0;
    for (int i = 0; i < trials->count; i++) {
        tuning_trial *t = &trials->trials[i];
        if (tuning_is_over(clock))
            return TUNING_OUT_OF_TIME;
        const check_result result = run_trial(ctx, algo, t);
        if (first)
            t->supported = result.verdict == CHECK_PASS;
        passed += result.verdict == CHECK_PASS;
        if (result.verdict == CHECK_FAIL || (t->supported && result.verdict != CHECK_PASS)) {
            snprintf(why, size, "%s", result.message);
            return TUNING_WRONG;
        }
    }
    if (passed > 0)
        return TUNING_RIGHT;
    snprintf(why, size, "%s of %s supports none of %d cases", class->algo, class->op,
             trials->count);
    return TUNING_WRONG;
}
