/* `clcnn bench --suite start`: how long the first training step takes, and what is compiled for it.
 */
#define _XOPEN_SOURCE 700 /* nftw */
#include "bench.h"
#include "bench_report.h"
#include "interrupt.h"
#include "tool.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const command = "bench";

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    return remove(path);
}

static int print_compiled(const bench_compiled *row, bool json)
{
    if (json)
        return tool_json_line(command,
                              json_pack("{ss, ss, s:s?, sf}", "case", "start", "program",
                                        row->program, "kernel", row->kernel[0] ? row->kernel : NULL,
                                        "seconds", row->seconds));
    printf("%-30s %-38s %8.3f\n", row->program, row->kernel[0] ? row->kernel : "(build)",
           row->seconds);
    return TOOL_OK;
}

static int print_start(const bench_start *start, const char *cache, bool json)
{
    if (json)
        return tool_json_line(command,
                              json_pack("{ss, ss, ss, sf}", "case", "start", "cache", cache,
                                        "device", start->device, "seconds", start->seconds));
    tool_print(stdout, "%-8s %8.3f s   %s\n", cache, start->seconds, start->device);
    return TOOL_OK;
}

static int print_table(const bench_start *start, bool json)
{
    int code = TOOL_OK;
    double builds = 0, launches = 0;
    if (!json)
        printf("\n%-30s %-38s %8s\n", "program", "kernel", "s");
    for (int i = 0; i < start->count && code == TOOL_OK; i++) {
        const bench_compiled *row = &start->compiled[i];
        *(row->kernel[0] ? &launches : &builds) += row->seconds;
        code = print_compiled(row, json);
    }
    if (!json)
        printf("\nprograms %.3f s, first launches of kernels %.3f s\n", builds, launches);
    return code;
}

/* An empty cache, the same again, and another empty one for the table: each in its own process,
 * which a Ctrl-C lets end. */
static int run_starts(const char *device, const char *folder, bool json)
{
    static bench_start start;
    static const char *const caches[] = {"empty", "warm", "watched"};
    char path[4096], why[1024];
    int code = TOOL_OK;
    for (int i = 0; i < 3 && code == TOOL_OK; i++) {
        if (interrupt_came())
            return TOOL_INTERRUPTED;
        snprintf(path, sizeof path, "%s/%s", folder, i < 2 ? "first" : "second");
        if (!bench_start_run(device, path, i == 2, &start, why, sizeof why))
            return tool_fail(command, "start: %s", why);
        code = i < 2 ? print_start(&start, caches[i], json) : print_table(&start, json);
    }
    return code;
}

int bench_start_suite(const char *device, bool json)
{
    const char *temporary = getenv("TMPDIR");
    char folder[2048];
    snprintf(folder, sizeof folder, "%s/clcnn-start-XXXXXX",
             temporary && temporary[0] ? temporary : "/tmp");
    if (interrupt_catch() != 0)
        return tool_fail(command, "signals can't be waited for");
    if (mkdtemp(folder) == NULL)
        return tool_fail(command, "no temporary folder %s", folder);
    const int code = run_starts(device, folder, json);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return code;
}
