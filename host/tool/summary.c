/*
 * clcnn summary: the layers of a network with their output sizes and parameters, and what they
 * take of memory. It needs a device only for the exact amount that a device would hold.
 */
#include "tool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const command = "summary";

typedef struct summary_run {
    const char *net, *input, *device;
    int batch;
    bool json;

    clcnn_checkpoint_info saved; /* when net is a file */
    clcnn_net_desc desc;
    size_t count;
    clcnn_layer_info *rows;
    uint64_t parameters;
    clcnn_net_usage usage;      /* the memory plan */
    size_t inference, training; /* bytes on the device, 0 without one */
} summary_run;

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* The image size: of the saved network, as asked for, of the preset, or MNIST's. */
static int choose_input(summary_run *run)
{
    clcnn_net_desc *desc = &run->desc;
    desc->batch = run->batch;
    if (!is_file(run->net))
        return tool_choose_input(command, run->net, run->input, desc);
    clcnn_error error = {0};
    if (clcnn_checkpoint_read_info(run->net, &run->saved, &error) != CLCNN_SUCCESS)
        return tool_report(command, &error);
    desc->layers = run->saved.layers;
    desc->c = run->saved.c;
    desc->h = run->saved.h;
    desc->w = run->saved.w;
    return run->input != NULL ? tool_take_input(command, run->input, desc) : TOOL_OK;
}

static int work_out_layers(summary_run *run)
{
    const clcnn_net_desc *desc = &run->desc;
    clcnn_error error = {0};
    run->rows = tool_layers(desc->layers, desc->c, desc->h, desc->w, &run->count, &error);
    if (run->rows == NULL)
        return error.status == CLCNN_INVALID_ARGUMENT ? tool_usage(command, "%s", error.message)
                                                      : tool_report(command, &error);
    for (size_t i = 0; i < run->count; i++)
        run->parameters += run->rows[i].parameters;
    if (clcnn_net_plan_memory(desc, &run->usage, &error) != CLCNN_SUCCESS)
        return tool_report(command, &error);
    return TOOL_OK;
}

static int measure(summary_run *run, clcnn_ctx *ctx, int training, size_t *bytes)
{
    clcnn_error error = {0};
    clcnn_net *net;
    clcnn_net_desc desc = run->desc;
    desc.training = training;
    if (clcnn_net_create(ctx, &desc, &net, &error) != CLCNN_SUCCESS)
        return tool_report(command, &error);
    *bytes = clcnn_net_memory(net);
    clcnn_net_destroy(net);
    return TOOL_OK;
}

/* The memory that the network really allocates there. */
static int measure_on_device(summary_run *run)
{
    clcnn_ctx *ctx = NULL;
    int code = tool_open_device(command, run->device, &ctx);
    if (code != TOOL_OK)
        return code;
    tool_print_device(stderr, clcnn_ctx_device_info(ctx));
    code = measure(run, ctx, 0, &run->inference);
    if (code == TOOL_OK)
        code = measure(run, ctx, 1, &run->training);
    clcnn_ctx_destroy(ctx);
    return code;
}

static void print_bytes(const char *what, uint64_t bytes)
{
    char text[TOOL_TEXT_SIZE];
    printf("%-46s %10s", what, tool_bytes(text, bytes));
}

/* A peak beside what it would be if nothing shared its place. */
static void print_peak(const char *what, uint64_t bytes, uint64_t apart, const char *of)
{
    print_bytes(what, bytes);
    printf("   %.0f %% of %s\n", 100.0 * (double)bytes / (double)apart, of);
}

static void print_table(const summary_run *run)
{
    const clcnn_net_usage *usage = &run->usage;
    const uint64_t apart = (uint64_t)usage->outputs + usage->gradients;
    char text[TOOL_TEXT_SIZE];
    tool_print_layers(stdout, run->desc.c, run->desc.h, run->desc.w, run->rows, run->count);
    printf("\n");
    print_bytes("parameters", run->parameters * sizeof(float));
    printf("\n");
    print_bytes("with gradients and the optimiser's state", 4 * run->parameters * sizeof(float));
    printf("\n\nbatch of %s\n", tool_grouped(text, (uint64_t)run->batch));
    print_bytes("outputs of all layers", usage->outputs);
    printf("\n");
    print_bytes("these and their gradients", apart);
    printf("\n");
    print_peak("peak in training, as memory is shared", usage->training, apart, "these");
    print_bytes("largest output", usage->largest);
    printf("\n");
    print_bytes("peak in inference", usage->inference);
    printf("   %.2f times the largest\n", (double)usage->inference / (double)usage->largest);
    if (run->device == NULL)
        return;
    print_bytes("on the device, for inference", run->inference);
    printf("   with parameters and workspaces\n");
    print_bytes("on the device, for training", run->training);
    printf("   with parameters and workspaces\n");
}

static int print_json(const summary_run *run)
{
    const clcnn_net_desc *desc = &run->desc;
    json_t *layers = json_array();
    for (size_t i = 0; i < run->count; i++) {
        const clcnn_layer_info *row = &run->rows[i];
        json_array_append_new(layers, json_pack("{s:s, s:[i,i,i], s:I}", "layer", row->text,
                                                "output", row->c, row->h, row->w, "parameters",
                                                (json_int_t)row->parameters));
    }
    const clcnn_net_usage *usage = &run->usage;
    json_t *object = json_pack(
        "{s:[i,i,i], s:i, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "input", desc->c, desc->h, desc->w,
        "batch", run->batch, "layers", layers, "parameters", (json_int_t)run->parameters,
        "output_bytes", (json_int_t)usage->outputs, "gradient_bytes", (json_int_t)usage->gradients,
        "largest_output_bytes", (json_int_t)usage->largest, "inference_peak_bytes",
        (json_int_t)usage->inference, "training_peak_bytes", (json_int_t)usage->training);
    if (object != NULL && run->device != NULL) {
        json_object_set_new(object, "inference_bytes", json_integer((json_int_t)run->inference));
        json_object_set_new(object, "training_bytes", json_integer((json_int_t)run->training));
    }
    return tool_json_line(command, object);
}

static const tool_doc doc = {
    .name = "summary",
    .usage = "[OPTION...] NET",
    .about = "Shows a network layer by layer: the output of one image, the number of parameters,\n"
             "and memory. NET is a network, or a file that 'clcnn train --out' saved.\n",
    .details = TOOL_NETWORKS
    "\n"
    "Outputs, gradients and whatever else a step needs share memory where they are not\n"
    "needed at the same time; the peaks are without the workspaces of algorithms, which\n"
    "depend on the device. With --json: one object with input, batch, layers,\n"
    "parameters, the sums and the peaks in bytes, and with --device also\n"
    "inference_bytes and training_bytes.\n",
    .examples = "  clcnn summary lenet5\n"
                "  clcnn summary 'conv 32 3x3 pad 1, relu, maxpool 2, dense 10' --input 3x32x32\n"
                "  clcnn summary lenet5 --batch 512 --device gpu\n",
};

int cmd_summary(int argc, char **argv)
{
    summary_run run = {.batch = CLCNN_DEFAULT_BATCH};
    tool_option options[] = {
        {TOOL_INPUT_OPTION(&run.input)},
        {"batch", "N", TOOL_INT, &run.batch, 1, 1000000, "images at a time, for the memory", false},
        {"device", "SEL", TOOL_TEXT, &run.device, 0, 0,
         "also allocate it on this device (as for clcnn train) and\ntell how much it takes there",
         false},
        {"json", NULL, TOOL_FLAG, &run.json, 0, 0, "one JSON object", false},
        {.name = NULL},
    };
    int code = tool_parse(&doc, options, argc, argv);
    if (code >= 0)
        return code;
    if (optind == argc)
        return tool_usage(command, "NET is missing: a preset, a list of layers or a saved file");
    if (optind + 1 < argc)
        return tool_usage(command, "unexpected argument '%s'; a list of layers must be quoted",
                          argv[optind + 1]);
    run.net = argv[optind];
    code = choose_input(&run);
    if (code == TOOL_OK)
        code = work_out_layers(&run);
    if (code == TOOL_OK && run.device != NULL)
        code = measure_on_device(&run);
    if (code == TOOL_OK && run.json)
        code = print_json(&run);
    else if (code == TOOL_OK)
        print_table(&run);
    free(run.rows);
    clcnn_checkpoint_info_free(&run.saved);
    return code;
}
