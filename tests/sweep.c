/* Sweeps over directions, devices and algorithms: see sweep.h. */
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One run; counts it and checks the verdict. */
static check_result run(sweep *s, const char *name, const check_case *c, int direction_index,
                        const check_expected *expected, int device, check_options options,
                        size_t *counter)
{
    const check_direction *direction = &c->op->directions[direction_index];
    options.ctx = harness_ctx(device);
    const check_result result = check_run(c, direction, expected, &options);
    s->runs++;
    if (result.verdict == CHECK_UNSUPPORTED && counter) {
        ++*counter;
        return result;
    }
    CHECK(result.verdict == CHECK_PASS, "%s: %s", name, result.message);
    s->nonzero[direction_index] += result.nonzero;
    s->could_be[direction_index] += result.could_be;
    s->worst = fmax(s->worst, result.worst);
    return result;
}

static bool has_all(const check_case *c, unsigned inputs)
{
    for (int i = 0; c->op->inputs[i].name; i++) {
        if (inputs >> i & 1 && !c->in[i].f)
            return false;
    }
    return true;
}

static bool has_in_place(const check_direction *direction)
{
    for (int j = 0; direction->outputs[j].name; j++) {
        if (direction->outputs[j].in_place && !direction->outputs[j].always_in_place)
            return true;
    }
    return false;
}

static bool wanted(const sweep *s, const char *algo)
{
    bool found = s->only[0] == NULL;
    for (size_t i = 0; i < sizeof s->only / sizeof *s->only && s->only[i]; i++)
        found |= strcmp(s->only[i], algo) == 0;
    return found;
}

static void run_algos(sweep *s, const char *name, const check_case *c, int d,
                      const check_expected *expected, int device, unsigned how)
{
    const clcnn_algo *algos = clcnn_algos(c->op->name);
    for (int a = 0; algos && algos[a].name; a++) {
        if (!wanted(s, algos[a].name))
            continue;
        /* A simulator goes through its work-items in one order: a second run says nothing new. */
        const check_options options = {.algo = algos[a].name,
                                       .twice = how & SWEEP_TWICE && !harness_short(),
                                       .may_refuse = (how & SWEEP_MAY_REFUSE) != 0};
        const check_result result =
            run(s, name, c, d, expected, device, options, &s->unsupported[device][a]);
        if (how & SWEEP_PACKED && result.packs) {
            check_options packed = options;
            packed.packed = true;
            run(s, name, c, d, expected, device, packed, NULL);
        }
    }
}

check_case *sweep_make(const check_op *op, const check_desc *desc, check_values values)
{
    clcnn_error error = {.message = ""};
    check_case *c = check_case_create(op, desc, values, harness_seed(), &error);
    CHECK(c != NULL, "%s", error.message);
    return c;
}

void sweep_case(sweep *s, const char *name, const check_case *c, unsigned how)
{
    const int devices = harness_device_count();
    for (int d = 0; c->op->directions[d].name; d++) {
        const check_direction *direction = &c->op->directions[d];
        check_expected expected;
        if (!has_all(c, direction->needs))
            continue;
        const clcnn_status status = check_expected_create(c, direction, &expected);
        if (!CHECK(status == CLCNN_SUCCESS, "%s: the reference of %s gave %s", name,
                   direction->name, clcnn_status_name(status)))
            continue;
        for (int device = 0; device < devices; device++) {
            run_algos(s, name, c, d, &expected, device, how);
            if (how & SWEEP_IN_PLACE && has_in_place(direction))
                run(s, name, c, d, &expected, device, (check_options){.in_place = true}, NULL);
            if (how & SWEEP_NO_PLAN && c->op->plan)
                run(s, name, c, d, &expected, device, (check_options){.no_plan = true}, NULL);
        }
        check_expected_free(&expected);
    }
}

void sweep_desc(sweep *s, const char *name, const check_desc *desc, check_values values,
                uint64_t seed, unsigned how)
{
    clcnn_error error = {.message = ""};
    check_case *c = check_case_create(s->op, desc, values, seed, &error);
    char text[512];
    check_describe(s->op, desc, text, sizeof text);
    if (CHECK(c != NULL, "%s: %s: %s", name, text, error.message))
        sweep_case(s, name, c, how);
    check_case_destroy(c);
}

/* One run without a verdict on it. */
static check_result run_once(const char *name, const check_case *c, const char *direction,
                             int device, check_options options)
{
    const check_direction *found = check_direction_find(c->op, direction);
    check_expected expected;
    check_result result = {.verdict = CHECK_FAIL};
    const clcnn_status status = check_expected_create(c, found, &expected);
    if (!CHECK(status == CLCNN_SUCCESS, "%s: the reference of %s gave %s", name, direction,
               clcnn_status_name(status)))
        return result;
    options.ctx = harness_ctx(device);
    result = check_run(c, found, &expected, &options);
    check_expected_free(&expected);
    return result;
}

check_result sweep_run(const char *name, const check_case *c, const char *direction, int device,
                       check_options options)
{
    const check_result result = run_once(name, c, direction, device, options);
    CHECK(result.verdict == CHECK_PASS, "%s: %s", name, result.message);
    return result;
}

void sweep_every_algo(const char *name, const check_case *c, const char *direction, int device,
                      check_options options)
{
    int supported = 0;
    for (const clcnn_algo *algo = clcnn_algos(c->op->name); algo && algo->name; algo++) {
        options.algo = algo->name;
        const check_result result = run_once(name, c, direction, device, options);
        CHECK(result.verdict != CHECK_FAIL, "%s: %s", name, result.message);
        supported += result.verdict == CHECK_PASS;
    }
    CHECK(supported > 0, "%s: no algorithm supports %s of %s", name, direction, c->op->name);
}

void sweep_tuned(const char *op, const char *const *tunings, void (*test)(void))
{
    for (int t = 0; tunings[t]; t++) {
        for (int i = 0; i < harness_device_count(); i++) {
            const clcnn_status status = clcnn_ctx_tune(harness_ctx(i), op, tunings[t]);
            CHECK(status == CLCNN_SUCCESS, "rows for %s: %s", op,
                  clcnn_last_error(harness_ctx(i))->message);
        }
        test();
        for (int i = 0; i < harness_device_count(); i++) {
            clcnn_ctx_tune(harness_ctx(i), op, NULL);
            harness_own_rows(harness_ctx(i), op);
        }
    }
}

void sweep_check_filled(const sweep *s)
{
    for (int d = 0; s->op->directions[d].name; d++) {
        CHECK(s->could_be[d] > 0 && s->nonzero[d] * 10 >= s->could_be[d] * 3,
              "%s %s: %zu of %zu results that could be other than 0 were: the cases say little",
              s->op->name, s->op->directions[d].name, s->nonzero[d], s->could_be[d]);
    }
}

/* Whether a pin is for this device and the width that it is tested at. */
static bool pinned_for(const sweep_pin *pin, const char *algo, int device)
{
    char name[512];
    const char *width = getenv("CLCNN_TEST_WIDTH");
    snprintf(name, sizeof name, "%s%s%s", harness_device_name(device), width ? ", width " : "",
             width ? width : "");
    return strcmp(pin->algo, algo) == 0 && strstr(name, pin->implementation) != NULL;
}

void sweep_check_pins(const sweep *s, const sweep_pin *pins)
{
    const clcnn_algo *algos = clcnn_algos(s->op->name);
    for (int device = 0; device < harness_device_count(); device++) {
        for (int a = 0; algos && algos[a].name; a++) {
            const sweep_pin *pin = pins;
            while (pin->algo && !pinned_for(pin, algos[a].name, device))
                pin++;
            const size_t got = s->unsupported[device][a];
            if (!CHECK(pin->algo != NULL, "no count is pinned for %s by %s on %s", s->op->name,
                       algos[a].name, harness_device_name(device)))
                continue;
            const size_t want = harness_short() ? pin->unsupported_short : pin->unsupported;
            CHECK(got == want, "%s: %zu (case, direction) of %s are unsupported by %s, %zu pinned",
                  harness_device_name(device), got, s->op->name, algos[a].name, want);
        }
    }
}
