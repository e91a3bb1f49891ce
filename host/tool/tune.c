/*
 * clcnn tune: looks for better tuning rows for a device, within a budget of time. Goes through the
 * classes of host/tuning, says of each what came out, and writes the rows that won as a file for
 * CLCNN_TUNE.
 */
#include "interrupt.h"
#include "tool.h"
#include "tuning.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const command = "tune";

enum { MOST_CLASSES = 128 };

/* Of the time that is left, what one class may take, unless fewer are left to share it; but no less
 * than a few seconds. */
static const double SHARE = 0.25, LEAST_SECONDS = 5;
/* Of all time, what is kept for choosing between algorithms. */
static const double FOR_CHOICES = 0.15;

typedef struct tune_run {
    const char *device, *ops, *output; /* options */
    double budget;
    double began;
    tuning_search search;
    tuning_result results[MOST_CLASSES];
    int count, wanted, cut; /* classes: looked at, asked for, not searched to their end */
    int code;
} tune_run;

/* ---- What is asked for -------------------------------------------------------------------------
 */

/* Whether a name stands in the list "a,b,c". */
static bool is_listed(const char *list, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = list; *at != '\0'; at += strcspn(at, ","), at += *at == ',')
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

static bool is_wanted(const tune_run *run, const tuning_class *class)
{
    return run->ops == NULL || is_listed(run->ops, class->op);
}

/* The operation whose rows this one takes, because their algorithms are the same; NULL: none. */
static const char *takes_rows_of(const char *name)
{
    const clcnn_algo *algos = clcnn_algos(name);
    const tuning_class *c = tuning_classes;
    while (c->op != NULL && clcnn_algos(c->op) != algos)
        c++;
    return algos != NULL ? c->op : NULL;
}

static int unknown_op(const char *name)
{
    char known[1024] = "";
    size_t used = 0;
    for (const tuning_class *c = tuning_classes; c->op != NULL; c++)
        if (!is_listed(known, c->op) && used < sizeof known)
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", used > 0 ? "," : "",
                                     c->op);
    const char *other = takes_rows_of(name);
    return tool_usage(command, "--op: there is nothing to tune for '%s'%s%s; known are %s", name,
                      other != NULL ? ", which takes the rows of " : "", other != NULL ? other : "",
                      known);
}

static int check_list(const tune_run *run)
{
    for (const char *at = run->ops; at != NULL && *at != '\0';) {
        char name[64];
        const size_t length = strcspn(at, ",");
        const tuning_class *c = tuning_classes;
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        while (c->op != NULL && strcmp(c->op, name) != 0)
            c++;
        if (c->op == NULL)
            return unknown_op(name);
        at += length + (at[length] == ',');
    }
    if (run->ops != NULL && run->ops[0] == '\0')
        return unknown_op("");
    return TOOL_OK;
}

/* ---- What is said ------------------------------------------------------------------------------
 */

static void class_name(const tuning_class *class, char text[TOOL_TEXT_SIZE * 2])
{
    snprintf(text, TOOL_TEXT_SIZE * 2, "%s %s%s%s", class->op, class->algo,
             class->shape != NULL ? " " : "", class->shape != NULL ? class->shape : "");
}

/* The first line alone: a sentence may have a build log behind it. */
static void say_rejected(const tuning_class *class, const char *row, const char *why)
{
    char name[TOOL_TEXT_SIZE * 2];
    class_name(class, name);
    tool_print(stderr, "rejected %s, %s: %.*s\n", name, row, (int)strcspn(why, "\n"), why);
}

static void say_result(const tuning_result *r)
{
    char name[TOOL_TEXT_SIZE * 2], before[TUNING_TEXT], after[TUNING_TEXT], ratio[16] = "";
    class_name(r->class, name);
    if (r->absent) {
        tool_print(stderr, "%-26s not on this device: %s\n", name, r->why);
        return;
    }
    const bool faster = tuning_row_faster(r);
    tuning_row_words(&r->before, before);
    tuning_row_words(&r->after, after);
    if (r->ratio.value > 0)
        snprintf(ratio, sizeof ratio, "%.2f", r->ratio.value);
    tool_print(stderr, "%-26s %s %s %s  %s  %d candidates, %d rejected, %.1f s%s\n", name, before,
               faster ? "->" : "stays", faster ? after : "", faster ? ratio : "", r->candidates,
               r->rejected, r->seconds, r->complete ? "" : ", cut short");
}

static void say_choice(const tuning_result *r)
{
    char name[TOOL_TEXT_SIZE * 2];
    class_name(r->class, name);
    if (r->chosen)
        tool_print(stderr, "%-26s use %d%s  %.2f times as fast as %s\n", name, r->after.use,
                   r->after.use == r->before.use ? ", as before:" : ", no longer as before:",
                   r->choice, r->other);
}

/* ---- The search --------------------------------------------------------------------------------
 */

/* A failure ends the class, and shows in the exit code. */
static int check_status(tune_run *run, clcnn_status status, const clcnn_error *error)
{
    if (status != CLCNN_SUCCESS)
        run->code = tool_report(command, error);
    return status == CLCNN_SUCCESS;
}

static void search_class(tune_run *run, const tuning_class *class, double end)
{
    clcnn_error error = {0};
    const double now = bench_now(), even = 1.0 / (run->wanted - run->count);
    const double share = (even > SHARE ? even : SHARE) * (end - now);
    const double most = now + (share > LEAST_SECONDS ? share : LEAST_SECONDS);
    const tuning_clock clock = {.deadline = most < end ? most : end, .interrupted = interrupt_came};
    tuning_result *r = &run->results[run->count];
    if (!check_status(run, tuning_search_class(&run->search, &clock, class, r, &error), &error))
        return;
    run->count++;
    run->cut += !r->complete;
    if (tuning_row_faster(r))
        check_status(run, tuning_adopt(&run->search, r, &error), &error);
    say_result(r);
}

/* Whether the default takes this row's algorithm, as it is: those come first. */
static bool in_use(const tune_run *run, const tuning_class *class)
{
    clcnn_error error;
    tuning_row row;
    return tuning_row_of(run->search.ctx, class, &row, &error) == CLCNN_SUCCESS && row.use != 0;
}

static void search_all(tune_run *run, double end)
{
    for (int pass = 0; pass < 2; pass++)
        for (const tuning_class *c = tuning_classes; c->op != NULL; c++)
            if (is_wanted(run, c) && in_use(run, c) == (pass == 0) && run->count < MOST_CLASSES &&
                bench_now() < end && !interrupt_came())
                search_class(run, c, end);
}

static void choose_all(tune_run *run)
{
    const tuning_clock clock = {.deadline = run->began + run->budget,
                                .interrupted = interrupt_came};
    for (int i = 0; i < run->count && !tuning_is_over(&clock); i++) {
        tuning_result *r = &run->results[i];
        clcnn_error error = {0};
        if (!r->class->choose || r->absent)
            continue;
        const int use = r->after.use;
        if (check_status(run, tuning_choose(&run->search, &clock, r, &error), &error))
            say_choice(r);
        if (r->after.use != use)
            check_status(run, tuning_adopt(&run->search, r, &error), &error);
    }
}

/* ---- The file ----------------------------------------------------------------------------------
 */

static void make_heading(const tune_run *run, char *text, size_t size)
{
    const clcnn_device_info *info = clcnn_ctx_device_info(run->search.ctx);
    const time_t now = time(NULL);
    struct tm utc;
    char date[64] = "";
    if (gmtime_r(&now, &utc) != NULL)
        strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &utc);
    snprintf(
        text, size,
        "# Tuning rows by clcnn tune %s, %s. Used where CLCNN_TUNE names this file.\n"
        "# device    %s, %s, %u compute units, float vectors of %u\n"
        "# driver    %s, %s\n"
        "# searched  %d of %d classes of shapes, %d of them cut short, in %.0f s\n"
        "# A row is here because it was right in every case tried and faster than the built-in "
        "one by more than 3 %%,\n# or because another algorithm is better or worse than the "
        "built-in "
        "order says (column use).\n",
        clcnn_version(), date, info->platform_name, info->name, (unsigned)info->compute_units,
        (unsigned)info->vector_width, info->driver, info->version, run->count, run->wanted,
        run->cut, bench_now() - run->began);
}

static int write_rows(const tune_run *run)
{
    char heading[1024];
    clcnn_error error = {0};
    make_heading(run, heading, sizeof heading);
    tool_clean(heading, true);
    char *text =
        tuning_report(clcnn_ctx_device_info(run->search.ctx), run->results, run->count, heading);
    if (text == NULL)
        return tool_fail(command, "no memory for the rows that were found");
    int code = TOOL_OK;
    if (run->output == NULL)
        fputs(text, stdout);
    else if (tuning_write(run->output, text, &error) != CLCNN_SUCCESS)
        code = tool_report(command, &error);
    free(text);
    return code == TOOL_OK ? tool_flush() : code;
}

static int found_rows(const tune_run *run)
{
    int found = 0;
    for (int i = 0; i < run->count; i++)
        found += !tuning_row_equal(&run->results[i].before, &run->results[i].after);
    return found;
}

/* Rows of an earlier search are not replaced by none. */
static bool has_to_write(const tune_run *run)
{
    return found_rows(run) > 0 || run->output == NULL || access(run->output, F_OK) != 0;
}

static void say_end(const tune_run *run)
{
    const int found = found_rows(run);
    tool_print(stderr, "%d of %d classes searched, %d cut short; %d better than the built-in row\n",
               run->count, run->wanted, run->cut, found);
    if (!has_to_write(run))
        tool_print(stderr, "%s is left as it was\n", run->output);
    else if (run->output != NULL && found > 0)
        tool_print(stderr, "CLCNN_TUNE=%s has them used\n", run->output);
}

static int tune(tune_run *run)
{
    const int code = tool_open_device(command, run->device, &run->search.ctx);
    if (code != TOOL_OK)
        return code;
    tool_print_device(stderr, clcnn_ctx_device_info(run->search.ctx));
    run->began = bench_now();
    for (const tuning_class *c = tuning_classes; c->op != NULL; c++)
        run->wanted += is_wanted(run, c);
    search_all(run, run->began + (1 - FOR_CHOICES) * run->budget);
    choose_all(run);
    say_end(run);
    const int written = has_to_write(run) ? write_rows(run) : TOOL_OK;
    free(run->search.adopted);
    clcnn_ctx_destroy(run->search.ctx);
    if (written != TOOL_OK)
        return written;
    return interrupt_came() ? TOOL_INTERRUPTED : run->code;
}

static const tool_doc doc = {
    .name = "tune",
    .usage = "[OPTION...]",
    .about =
        "Looks for the tile sizes and algorithms that are fastest on a device, and writes them\n"
        "as tuning rows.\n",
    .details =
        "Goes through operations, algorithms and classes of shapes, what matters most first.\n"
        "Each candidate is held against the CPU reference on small cases, in every direction;\n"
        "one that is wrong, does not build or exceeds a limit is rejected. The others take\n"
        "turns with the row that is best so far, on a few problems. The best one has to beat\n"
        "the built-in row by more than 3 % once more to be written.\n"
        "\n"
        "The rows go to --output, or to stdout. They hold for devices of this name alone. A\n"
        "program uses them where the environment variable CLCNN_TUNE names the file when it\n"
        "opens a context; so do the other commands. The files of several devices or operations\n"
        "can be put behind each other: of rows for the same the first one counts.\n"
        "The format is in README.md of the sources' folder kernels. The machine should have\n"
        "nothing else to do.\n"
        "\n"
        "Ctrl-C ends the search and writes what was found so far.\n"
        "Exit codes: 0 done, whether anything was found or not; 1 failed; 2 wrong usage; 130\n"
        "interrupted.\n",
    .examples = "  clcnn tune --output here.tune\n"
                "  CLCNN_TUNE=here.tune clcnn train\n"
                "  clcnn tune --op conv2d,adam --budget 60\n",
};

int cmd_tune(int argc, char **argv)
{
    static tune_run run;
    run = (tune_run){.budget = 600, .search = {.seconds = 0.02, .reject = say_rejected}};
    tool_option options[] = {
        {TOOL_DEVICE_OPTION(&run.device)},
        {"budget", "SECONDS", TOOL_RATE, &run.budget, 0, 0,
         "that the search may take, but for a few; less than\n60 tries next to nothing", false},
        {"op", "LIST", TOOL_TEXT, &run.ops, 0, 0,
         "operations, separated by commas; all if left out", false},
        {"output", "FILE", TOOL_TEXT, &run.output, 0, 0,
         "where the rows go; one that is there is replaced,\nunless nothing was found", false},
        {.name = NULL},
    };
    int code = tool_parse_options(&doc, options, argc, argv);
    if (code >= 0)
        return code;
    code = check_list(&run);
    if (code == TOOL_OK && run.output != NULL)
        code = tool_check_out(command, "output", run.output);
    if (code != TOOL_OK)
        return code;
    if (interrupt_catch() != 0)
        return tool_fail(command, "signals can't be waited for");
    unsetenv("CLCNN_TUNE"); /* what was found before is not what there is to beat */
    return tune(&run);
}
