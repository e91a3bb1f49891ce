/*
 * clcnn gradcheck: numeric against analytic gradients of a whole network, on the CPU reference in
 * double.
 */
#include "tool.h"

#include <string.h>

static const char *const command = "gradcheck";

typedef struct gradcheck_run {
    const char *input;
    clcnn_net_desc desc;
    int samples;
    bool json;

    int tensors, wrong;
    double worst;
    int code; /* of what is printed */
} gradcheck_run;

static void print_row(const clcnn_gradcheck_row *row, void *user)
{
    gradcheck_run *run = user;
    const bool right = row->error < CLCNN_GRADCHECK_LIMIT;
    run->tensors++;
    run->wrong += !right;
    run->worst = row->error > run->worst ? row->error : run->worst;
    if (run->json) {
        int code = tool_json_line(
            command,
            json_pack("{s:s, s:I, s:I, s:o, s:I, s:o, s:o, s:b}", "tensor", row->name, "elements",
                      (json_int_t)row->count, "checked", (json_int_t)row->checked, "error",
                      tool_json_real(row->error), "worst", (json_int_t)row->worst, "analytic",
                      tool_json_real(row->analytic), "numeric", tool_json_real(row->numeric),
                      "right", right));
        run->code = run->code == TOOL_OK ? code : run->code;
        return;
    }
    printf("%-18s %4zu of %-8zu  error %8.1e", row->name, row->checked, row->count, row->error);
    if (!right)
        printf("  WRONG: element %zu is %.9g, differences say %.9g", row->worst, row->analytic,
               row->numeric);
    printf("\n");
    fflush(stdout); /* a large network takes its time */
}

static const tool_doc doc = {
    .name = "gradcheck",
    .usage = "[OPTION...] NET",
    .about = "Checks that the gradients of a network are right: holds them against differences of\n"
             "the loss when a parameter moves, on the CPU reference in double precision. NET is a\n"
             "preset or a list of layers, as 'clcnn train' takes it.\n",
    .details = "A line per parameter tensor tells the largest error found, relative to the\n"
               "gradient there; below 1e-5 it is right. Plain loops are slow: resnet-mini takes\n"
               "minutes. With --json: one object a line per tensor. Exit code 1 if any is wrong.\n",
    .examples = "  clcnn gradcheck mlp\n"
                "  clcnn gradcheck resnet-mini --input 1x12x12 --samples 5\n"
                "  clcnn gradcheck 'conv 4 3x3, gelu, avgpool 2, dense 3' --input 2x8x8\n",
};

int cmd_gradcheck(int argc, char **argv)
{
    gradcheck_run run = {.desc = {.batch = 4, .seed = 1}, .samples = 8};
    tool_option options[] = {
        {TOOL_INPUT_OPTION(&run.input)},
        {"batch", "N", TOOL_INT, &run.desc.batch, 1, 1000, "images", false},
        {"samples", "N", TOOL_INT, &run.samples, 1, 1000000, "elements to check in each tensor",
         false},
        {"seed", "N", TOOL_SEED, &run.desc.seed, 0, 0, "of weights, images and samples", false},
        {"json", NULL, TOOL_FLAG, &run.json, 0, 0, "one JSON object a line per tensor", false},
        {.name = NULL},
    };
    int code = tool_parse(&doc, options, argc, argv);
    if (code >= 0)
        return code;
    if (optind + 1 != argc)
        return optind == argc
                   ? tool_usage(command, "NET is missing: a preset or a list of layers")
                   : tool_usage(command,
                                "unexpected argument '%s'; a list of layers must be quoted",
                                argv[optind + 1]);
    code = tool_choose_input(command, argv[optind], run.input, &run.desc);
    if (code != TOOL_OK)
        return code;
    clcnn_error error = {0};
    if (clcnn_net_gradcheck(&run.desc, run.samples, print_row, &run, &error) != CLCNN_SUCCESS)
        return error.status == CLCNN_INVALID_ARGUMENT ? tool_usage(command, "%s", error.message)
                                                      : tool_report(command, &error);
    if (run.code == TOOL_OK && run.tensors == 0)
        return tool_fail(command, "'%s' has no parameters to check", argv[optind]);
    if (run.code == TOOL_OK && !run.json)
        printf("%d of %d tensors are right; the largest error is %.1e\n", run.tensors - run.wrong,
               run.tensors, run.worst);
    return run.code == TOOL_OK && run.wrong > 0 ? TOOL_FAILED : run.code;
}
