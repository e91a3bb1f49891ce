/*
 * clcnn replay: runs golden cases on a device. Every expected tensor of a file must agree with what
 * the device gives, within the bound of the algorithm's error class, and much more closely with the
 * CPU reference.
 */
#include "tool.h"

#include "check.h"

#include <string.h>

static const tool_doc doc = {
    .name = "replay",
    .usage = "[OPTION...] FILE...",
    .about =
        "Runs golden cases (safetensors files with inputs and expected results) on a device and\n"
        "holds every expected tensor against the result.\n",
    .details =
        "One line per file, direction and algorithm, separated by tabs:\n"
        "  pass|FAIL|unsupported, file, operation, direction, algorithm, worst error over its "
        "bound\n"
        "The last line counts them. The exit code is 0 only if something passed, nothing failed\n"
        "and no file was unsupported as a whole.\n",
    .examples =
        "  clcnn replay tests/golden/conv2d_*.safetensors\n"
        "  clcnn replay --device pocl --algo all tests/golden/seed1_conv2d_forward.safetensors\n"};

typedef struct tally {
    int count[CHECK_UNSUPPORTED + 1];
    int ran;               /* lines of the current file that passed or failed */
    int whole_unsupported; /* files of which nothing ran */
} tally;

static void print_line(const check_line *line, void *user)
{
    static const char *const verdicts[] = {"pass", "FAIL", "unsupported"};
    tally *t = user;
    t->count[line->verdict]++;
    t->ran += line->verdict != CHECK_UNSUPPORTED;
    printf("%s\t", verdicts[line->verdict]);
    tool_print(stdout, "%s", line->file);
    putchar('\t');
    tool_print(stdout, "%s", line->op);
    printf("\t%s\t%s\t", line->direction, line->algo);
    if (line->verdict == CHECK_UNSUPPORTED)
        printf("-\n");
    else
        printf("%.3g\n", line->worst);
    fflush(stdout);
    if (line->message[0])
        tool_fail(doc.name, "%s: %s", line->file, line->message);
}

/* Whether any operation has an algorithm of this name. */
static bool algo_exists(const char *name)
{
    if (!name || strcmp(name, "all") == 0)
        return true;
    for (int i = 0; check_ops[i]; i++) {
        const clcnn_algo *algo = clcnn_algos(check_ops[i]->name);
        for (; algo && algo->name; algo++) {
            if (strcmp(algo->name, name) == 0)
                return true;
        }
    }
    return false;
}

int cmd_replay(int argc, char **argv)
{
    const char *device = "", *algo = NULL;
    tool_option options[] = {
        {.name = "device",
         .value = "SEL",
         .kind = TOOL_TEXT,
         .to = &device,
         .help = "the device to run on (see clcnn devices); default: the best"},
        {.name = "algo",
         .value = "NAME",
         .kind = TOOL_TEXT,
         .to = &algo,
         .help = "an algorithm, or \"all\" for each that supports the case; default: the one\n"
                 "that the library would choose"},
        {.name = NULL}};
    const int done = tool_parse(&doc, options, argc, argv);
    if (done >= 0)
        return done;
    if (optind >= argc)
        return tool_usage(doc.name, "no file was named");
    if (!algo_exists(algo))
        return tool_usage(doc.name, "there is no algorithm \"%s\"", algo);
    clcnn_ctx *ctx = NULL;
    const int opened = tool_open_device(doc.name, device, &ctx);
    if (opened != TOOL_OK)
        return opened;

    tally t = {.ran = 0};
    for (int i = optind; i < argc; i++) {
        t.ran = 0;
        check_golden_run(argv[i], ctx, algo, print_line, &t);
        t.whole_unsupported += t.ran == 0;
    }
    clcnn_ctx_destroy(ctx);
    printf("%d passed, %d failed, %d unsupported\n", t.count[CHECK_PASS], t.count[CHECK_FAIL],
           t.count[CHECK_UNSUPPORTED]);
    return t.count[CHECK_PASS] > 0 && t.count[CHECK_FAIL] == 0 && t.whole_unsupported == 0
               ? TOOL_OK
               : TOOL_FAILED;
}
