/*
 * clcnn import: weights that PyTorch trained, as a file for the other commands. It needs no device.
 * Each tensor is told where it went, so that one can see whether that is right.
 */
#include "tool.h"

static const char *const command = "import";

typedef struct import_run {
    const char *file, *net, *input, *out;
    double mean, deviation;
    bool json;

    clcnn_net_desc desc;
    size_t count;
    json_t *places; /* with json: an object, tensor: parameter */
} import_run;

static void on_place(const char *tensor, const char *parameter, void *user)
{
    import_run *run = user;
    run->count++;
    if (run->places != NULL)
        json_object_set_new(run->places, tensor, json_string(parameter));
    else
        tool_print(stderr, "  %-*s  %s\n", 22, parameter, tensor);
}

static int import(import_run *run)
{
    clcnn_error error = {0};
    int code = tool_check_out(command, "out", run->out);
    if (code == TOOL_OK)
        code = tool_choose_input(command, run->net, run->input, &run->desc);
    if (code != TOOL_OK)
        return code;
    const clcnn_import_desc desc = {.layers = run->net,
                                    .c = run->desc.c,
                                    .h = run->desc.h,
                                    .w = run->desc.w,
                                    .mean = run->mean,
                                    .deviation = run->deviation};
    clcnn_status status = clcnn_import(run->file, &desc, run->out, on_place, run, &error);
    if (status == CLCNN_INVALID_ARGUMENT)
        return tool_usage(command, "%s", error.message);
    return status == CLCNN_SUCCESS ? TOOL_OK : tool_report(command, &error);
}

static int print_result(import_run *run)
{
    if (run->json)
        return tool_json_line(
            command, json_pack("{s:i, s:O}", "count", (int)run->count, "tensors", run->places));
    tool_print(stdout, "%zu tensors imported into %s\n", run->count, run->out);
    return tool_flush();
}

static const tool_doc doc = {
    .name = "import",
    .usage = "--net NAME|LAYERS --out FILE [OPTION...] FILE",
    .about = "Makes a saved network of weights that PyTorch trained. FILE is a model's state_dict\n"
             "as safetensors, float32; NET says what it computes.\n",
    .details =
        "Tensors whose names are equal up to the last dot make a module. Each layer with\n"
        "parameters takes the next module of its kind: convolution, dense or normalisation.\n"
        "Modules come in the order of the file; where all names ascend there, as Python's\n"
        "safetensors writes them, by their names, with numbers in them compared as numbers.\n"
        "Shapes must be equal, and nothing may be left over but num_batches_tracked. stderr\n"
        "tells for each parameter which tensor it was made of: look at it where layers have\n"
        "equal shapes.\n"
        "\n"
        "The network gets (pixel / 255 - mean) / deviation, in every channel. The file keeps\n"
        "no data set: 'clcnn eval' needs --data, and 'clcnn train --weights' trains it on.\n"
        "\n"
        "With --json: one object with count and tensors (an object, tensor: parameter).\n",
    .examples =
        "  clcnn import lenet.safetensors --net lenet5 --mean 0.1307 --deviation 0.3081 \\\n"
        "    --out net.safetensors\n"
        "  clcnn import small.safetensors --input 3x32x32 --out net.safetensors \\\n"
        "    --net 'conv 8 3x3 nobias, batchnorm, relu, globalavgpool, dense 10'\n",
};

static int run_import(import_run *run)
{
    run->places = run->json ? json_object() : NULL;
    int code = import(run);
    if (code == TOOL_OK)
        code = print_result(run);
    json_decref(run->places);
    return code;
}

int cmd_import(int argc, char **argv)
{
    import_run run = {.mean = 0, .deviation = 1, .desc = {.c = 1, .h = 28, .w = 28}};
    tool_option options[] = {
        {"net", "NAME|LAYERS", TOOL_TEXT, &run.net, 0, 0,
         "a preset or a list of layers, as for clcnn train", false},
        {"out", "FILE", TOOL_TEXT, &run.out, 0, 0, "write the network here", false},
        {TOOL_INPUT_OPTION(&run.input)},
        {"mean", "X", TOOL_REAL, &run.mean, 0, 1,
         "taken off each pixel, which is a fraction of 255", false},
        {"deviation", "X", TOOL_RATE, &run.deviation, 0, 0,
         "by which the rest is divided, at most 1", false},
        {"json", NULL, TOOL_FLAG, &run.json, 0, 0, "one JSON object", false},
        {.name = NULL},
    };
    int code = tool_parse(&doc, options, argc, argv);
    if (code >= 0)
        return code;
    if (optind == argc)
        return tool_usage(command, "the FILE of the weights is missing");
    if (optind + 1 < argc)
        return tool_usage(command, "unexpected argument '%s'; a list of layers must be quoted",
                          argv[optind + 1]);
    run.file = argv[optind];
    if (run.net == NULL || run.out == NULL)
        return tool_usage(command, "--%s is missing", run.net == NULL ? "net" : "out");
    return run_import(&run);
}
