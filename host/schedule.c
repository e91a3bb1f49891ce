/* schedule: learning rates by step, on the host, in double. */
#include "internal.h"

#include <math.h>

static clcnn_status check(const clcnn_schedule *d, int64_t step, clcnn_error *error)
{
    const bool has_period = d->kind != CLCNN_SCHEDULE_CONSTANT;
    if ((int)d->kind < CLCNN_SCHEDULE_CONSTANT || (int)d->kind > CLCNN_SCHEDULE_COSINE)
        return CLCNN__INVALID(error, "schedule: kind %d is not one of clcnn_schedule_kind",
                              (int)d->kind);
    if (!(d->lr >= 0 && d->lr < INFINITY))
        return CLCNN__INVALID(error, "schedule: lr is %g, it must be at least 0 and finite", d->lr);
    if (d->warmup < 0 || d->warmup == INT64_MAX)
        return CLCNN__INVALID(error,
                              "schedule: warmup is %lld, it must be at least 0 and below %lld",
                              (long long)d->warmup, (long long)INT64_MAX);
    if (has_period && d->period < 1)
        return CLCNN__INVALID(error, "schedule: period is %lld, the least is 1",
                              (long long)d->period);
    if (d->kind == CLCNN_SCHEDULE_STEP && !(d->gamma >= 0 && d->gamma < INFINITY))
        return CLCNN__INVALID(error, "schedule: gamma is %g, it must be at least 0 and finite",
                              d->gamma);
    if (d->kind == CLCNN_SCHEDULE_COSINE && !(d->min_lr >= 0 && d->min_lr <= d->lr))
        return CLCNN__INVALID(error, "schedule: min_lr is %g, it must be from 0 to lr, %g",
                              d->min_lr, d->lr);
    if (step < 1)
        return CLCNN__INVALID(error, "schedule: step is %lld, the first is 1", (long long)step);
    return CLCNN_SUCCESS;
}

static double after_warmup(const clcnn_schedule *d, int64_t t)
{
    const double pi = 3.14159265358979323846;
    switch (d->kind) {
    case CLCNN_SCHEDULE_CONSTANT:
        break;
    case CLCNN_SCHEDULE_STEP:
        return d->lr * pow(d->gamma, (double)(t / d->period));
    case CLCNN_SCHEDULE_COSINE:
        if (t >= d->period)
            return d->min_lr; /* without what the cosine of a rounded pi leaves */
        return d->min_lr + (d->lr - d->min_lr) * (1 + cos(pi * (double)t / (double)d->period)) / 2;
    }
    return d->lr;
}

clcnn_status clcnn_schedule_lr(const clcnn_schedule *d, int64_t step, double *lr,
                               clcnn_error *error)
{
    if (!d || !lr)
        return CLCNN__INVALID(error, "schedule: %s is NULL", d ? "lr" : "the descriptor");
    const clcnn_status status = check(d, step, error);
    if (status != CLCNN_SUCCESS)
        return status;
    *lr = step <= d->warmup ? d->lr * ((double)step / (double)(d->warmup + 1))
                            : after_warmup(d, step - d->warmup - 1);
    return CLCNN_SUCCESS;
}
