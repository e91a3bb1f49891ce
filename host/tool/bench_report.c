/*
 * What clcnn bench tells. The median is the result; the spread beside it is that of the samples,
 * from the best to the worst, as a share of the median.
 */
#include "bench_report.h"

#include <math.h>
#include <string.h>

/* ---- The table ---------------------------------------------------------------------------------
 */

static const char row_format[] = "%-24s %-16s %-14s %-20s %10s %10s %7s %10s %-8s %7s %8s\n";

void bench_print_header(void)
{
    printf(row_format, "case", "direction", "by", "algorithm", "median ms", "best ms", "spread",
           "rate", "", "ceiling", "ours is");
}

void bench_print_profile(const bench_case *c, const char *direction, const bench_profile *profile)
{
    printf("%s, %s: %.3f ms, of these in kernels %.3f\n", c->name, direction, profile->ms,
           profile->kernel_ms);
    printf("    %-44s %8s %10s %7s\n", "kernel", "launches", "ms", "share");
    for (int i = 0; i < profile->count; i++) {
        const bench_profile_row *row = &profile->rows[i];
        printf("    %-44s %8d %10.4f %6.1f%%\n", row->kernel, row->launches, row->ms,
               profile->kernel_ms > 0 ? 100 * row->ms / profile->kernel_ms : 0.0);
    }
}

static const char *number(char text[TOOL_TEXT_SIZE], double value)
{
    snprintf(text, TOOL_TEXT_SIZE, "%.*f", value < 10 ? 4 : value < 1000 ? 2 : 0, value);
    return text;
}

static const char *percent(char text[TOOL_TEXT_SIZE], double share)
{
    snprintf(text, TOOL_TEXT_SIZE, "%.0f %%", share * 100);
    return text;
}

static bool ceiling_holds(const bench_result *r, const bench_contestant *who)
{
    return r->ceiling > 0 && (who->peer == NULL || r->on_host);
}

static void print_row(bench_result *r, int i)
{
    bench_contestant *who = &r->contestants[i];
    char median[TOOL_TEXT_SIZE], best[TOOL_TEXT_SIZE], spread[TOOL_TEXT_SIZE];
    char rate[TOOL_TEXT_SIZE], share[TOOL_TEXT_SIZE] = "", speedup[TOOL_TEXT_SIZE] = "";
    const char *name = i == 0 ? r->c->name : "", *direction = i == 0 ? r->direction : "";
    char by[TOOL_TEXT_SIZE];
    snprintf(by, sizeof by, "%s%s", who->peer != NULL ? who->peer : "clcnn",
             who->packed ? ", packed" : "");
    if (who->samples.count == 0) {
        tool_print(stdout, "%-24s %-16s %-14s %s\n", name, direction, by, who->note);
        return;
    }
    const bench_summary s = bench_summarise(&who->samples);
    const double reached = bench_rate(&r->work, s.median);
    if (ceiling_holds(r, who))
        percent(share, reached / r->ceiling);
    if (who->peer != NULL && bench_speedup(r, i) > 0)
        snprintf(speedup, sizeof speedup, "%.2f x", bench_speedup(r, i));
    printf(row_format, name, direction, by, who->used, number(median, s.median),
           number(best, s.best), percent(spread, (s.worst - s.best) / s.median),
           number(rate, reached), bench_unit_names[bench_unit_of(&r->work)], share, speedup);
}

/* ---- JSON --------------------------------------------------------------------------------------
 */

/* A rate where it is this unit's, else null. */
static json_t *rate_in(const bench_result *r, bench_unit unit, double ms)
{
    return bench_unit_of(&r->work) == unit ? tool_json_real(bench_rate(&r->work, ms)) : json_null();
}

static json_t *or_null(double value)
{
    return tool_json_real(value > 0 ? value : NAN);
}

static void add_measured(json_t *line, bench_result *r, int i)
{
    bench_contestant *who = &r->contestants[i];
    const bench_summary s = bench_summarise(&who->samples);
    const double reached = bench_rate(&r->work, s.median);
    json_object_set_new(line, "ms", tool_json_real(s.median));
    json_object_set_new(line, "best_ms", tool_json_real(s.best));
    json_object_set_new(line, "worst_ms", tool_json_real(s.worst));
    json_object_set_new(line, "gflops", rate_in(r, BENCH_GFLOPS, s.median));
    json_object_set_new(line, "gbs", rate_in(r, BENCH_GBS, s.median));
    json_object_set_new(line, "images_per_second", rate_in(r, BENCH_IMAGES, s.median));
    json_object_set_new(line, "share",
                        ceiling_holds(r, who) ? tool_json_real(reached / r->ceiling) : json_null());
    if (who->peer != NULL)
        json_object_set_new(line, "speedup", or_null(bench_speedup(r, i)));
    if (!isnan(who->checksum))
        json_object_set_new(line, "checksum", tool_json_real(who->checksum));
    if (who->subject != NULL && who->subject->off > 0)
        json_object_set_new(line, "off", tool_json_real(who->subject->off));
    if (who->subject != NULL)
        json_object_set_new(line, "workspace_bytes",
                            json_integer((json_int_t)who->subject->workspace));
}

static int print_line(const char *command, bench_result *r, int i)
{
    bench_contestant *who = &r->contestants[i];
    json_t *line =
        json_pack("{s:s, s:s, s:n, s:n, s:o, s:s, s:s, s:s, s:s, s:i}", "case", r->c->name,
                  "direction", r->direction, "ms", "gflops", "ceiling", or_null(r->ceiling), "algo",
                  who->used, "device", who->device, "suite", r->c->suite, "unit",
                  bench_unit_names[bench_unit_of(&r->work)], "samples", who->samples.count);
    if (line == NULL)
        return tool_json_line(command, NULL);
    if (who->peer != NULL) {
        json_object_set_new(line, "peer", json_string(who->peer));
        json_object_set_new(line, "version", json_string(who->version));
    }
    if (who->packed)
        json_object_set_new(line, "packed", json_true());
    if (who->samples.count > 0)
        add_measured(line, r, i);
    else
        json_object_set_new(line, "note", json_string(who->note));
    return tool_json_line(command, line);
}

int bench_print_result(const char *command, bench_result *result, bool json)
{
    int code = TOOL_OK;
    for (int i = 0; i < result->count && code == TOOL_OK; i++)
        if (json)
            code = print_line(command, result, i);
        else
            print_row(result, i);
    return json ? code : tool_flush();
}

/* ---- Speed-ups ---------------------------------------------------------------------------------
 */

double bench_speedup(bench_result *result, int contestant)
{
    bench_contestant *ours = &result->contestants[0], *other = &result->contestants[contestant];
    if (ours->samples.count == 0 || other->samples.count == 0)
        return 0;
    return bench_summarise(&other->samples).median / bench_summarise(&ours->samples).median;
}

void bench_score_add(bench_score *score, double speedup, const bench_result *result)
{
    if (score->count == 0 || speedup < score->least) {
        score->least = speedup;
        snprintf(score->where, sizeof score->where, "%s %s", result->c->name, result->direction);
    }
    score->logarithms += log(speedup);
    score->count++;
}

void bench_print_scores(const bench_score *scores, int count)
{
    for (int i = 0; i < count; i++)
        if (scores[i].count > 0)
            printf(
                "%sagainst %-10s %.2f times as fast in the geometric mean of %d, least %.2f (%s)\n",
                i == 0 ? "\n" : "", scores[i].peer, exp(scores[i].logarithms / scores[i].count),
                scores[i].count, scores[i].least, scores[i].where);
}
