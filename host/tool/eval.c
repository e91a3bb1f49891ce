/*
 * clcnn eval: how good a saved network is on the test images of a data set: its accuracy and the
 * confusion matrix, which tells what it takes for what.
 */
#include "tool.h"

#include <stdlib.h>
#include <string.h>

static const char *const command = "eval";
static const char *const precision_label = "precision";
enum { MOST_CLASSES = 1024 }; /* images have 256 at most; more would be a table of gigabytes */

typedef struct eval_run {
    const char *file, *data, *device;
    int batch;
    bool json;

    clcnn_checkpoint_info saved;
    clcnn_ctx *ctx;
    clcnn_dataset set;
    clcnn_model *model;
    int classes;
    double accuracy;
    int64_t *confusion; /* [classes,classes], row: label, column: prediction */
} eval_run;

static int evaluate(eval_run *run)
{
    clcnn_error error = {0};
    if (clcnn_checkpoint_read_info(run->file, &run->saved, &error) != CLCNN_SUCCESS)
        return tool_report(command, &error);
    if (run->saved.classes > MOST_CLASSES)
        return tool_fail(command,
                         "%s has %d outputs; there is a confusion matrix for up to %d alone",
                         run->file, run->saved.classes, MOST_CLASSES);
    int code = tool_open_device(command, run->device, &run->ctx);
    if (code == TOOL_OK)
        code = run->data != NULL
                   ? tool_open_data(command, run->data, &run->set)
                   : tool_open_saved_data(command, run->file, run->saved.data, &run->set);
    if (code != TOOL_OK)
        return code;
    tool_print_device(stderr, clcnn_ctx_device_info(run->ctx));
    tool_print_data(stderr, &run->set);
    if (clcnn_model_load(run->ctx, run->file, run->batch, &run->model, &error) != CLCNN_SUCCESS)
        return tool_report(command, &error);
    run->classes = clcnn_net_classes(clcnn_model_net(run->model));
    run->confusion = calloc((size_t)run->classes * (size_t)run->classes, sizeof *run->confusion);
    if (run->confusion == NULL)
        return tool_fail(command, "no memory for the confusion matrix of %d classes", run->classes);
    if (clcnn_model_evaluate(run->model, &run->set.test, &run->accuracy, run->confusion, &error) !=
        CLCNN_SUCCESS)
        return tool_report(command, &error);
    return TOOL_OK;
}

static int64_t row_total(const eval_run *run, int row)
{
    int64_t total = 0;
    for (int i = 0; i < run->classes; i++)
        total += run->confusion[row * run->classes + i];
    return total;
}

static int64_t column_total(const eval_run *run, int column)
{
    int64_t total = 0;
    for (int i = 0; i < run->classes; i++)
        total += run->confusion[i * run->classes + column];
    return total;
}

static int64_t diagonal(const eval_run *run, int i)
{
    return run->confusion[i * run->classes + i];
}

static void class_text(char text[TOOL_TEXT_SIZE], const eval_run *run, int label)
{
    const char *name = tool_class_name(run->set.name, label);
    snprintf(text, TOOL_TEXT_SIZE, "%d%s%s", label, name[0] != '\0' ? " " : "", name);
}

/* A share as text; a class that never occurs has none. */
static const char *share(char text[TOOL_TEXT_SIZE], int64_t part, int64_t whole)
{
    if (whole == 0)
        snprintf(text, TOOL_TEXT_SIZE, "-");
    else
        snprintf(text, TOOL_TEXT_SIZE, "%.3f", (double)part / (double)whole);
    return text;
}

static int label_width(const eval_run *run)
{
    char text[TOOL_TEXT_SIZE];
    int width = (int)strlen(precision_label);
    for (int i = 0; i < run->classes; i++) {
        class_text(text, run, i);
        width = (int)strlen(text) > width ? (int)strlen(text) : width;
    }
    return width;
}

static void print_matrix(const eval_run *run)
{
    char text[TOOL_TEXT_SIZE];
    int label = label_width(run);
    int cell = snprintf(NULL, 0, "%d", run->set.test.count) + 2;
    if (cell < 7)
        cell = 7; /* room for a share */
    printf("Rows are labels, columns are predictions.\n\n%-*s", label, "");
    for (int i = 0; i < run->classes; i++)
        printf("%*d", cell, i);
    printf("%*s%*s\n", cell, "total", cell + 1, "recall");
    for (int i = 0; i < run->classes; i++) {
        class_text(text, run, i);
        printf("%-*s", label, text);
        for (int j = 0; j < run->classes; j++)
            printf("%*lld", cell, (long long)run->confusion[i * run->classes + j]);
        printf("%*lld", cell, (long long)row_total(run, i));
        printf("%*s\n", cell + 1, share(text, diagonal(run, i), row_total(run, i)));
    }
    printf("%-*s", label, "total");
    for (int i = 0; i < run->classes; i++)
        printf("%*lld", cell, (long long)column_total(run, i));
    printf("%*d\n%-*s", cell, run->set.test.count, label, precision_label);
    for (int i = 0; i < run->classes; i++)
        printf("%*s", cell, share(text, diagonal(run, i), column_total(run, i)));
    printf("\n\ntest accuracy %.4f\n", run->accuracy);
}

static int print_json(const eval_run *run)
{
    json_t *matrix = json_array();
    for (int i = 0; i < run->classes; i++) {
        json_t *row = json_array();
        for (int j = 0; j < run->classes; j++)
            json_array_append_new(row, json_integer(run->confusion[i * run->classes + j]));
        json_array_append_new(matrix, row);
    }
    return tool_json_line(command, json_pack("{s:s, s:i, s:o, s:o}", "data", run->set.name,
                                             "images", run->set.test.count, "test_accuracy",
                                             tool_json_real(run->accuracy), "confusion", matrix));
}

static void tear_down(eval_run *run)
{
    free(run->confusion);
    clcnn_model_destroy(run->model);
    clcnn_dataset_free(&run->set);
    clcnn_ctx_destroy(run->ctx);
    clcnn_checkpoint_info_free(&run->saved);
}

static const tool_doc doc = {
    .name = "eval",
    .usage = "[OPTION...] FILE",
    .about =
        "Tests a network that 'clcnn train --out FILE' saved: prints the confusion matrix of\n"
        "the test images, with recall by label and precision by prediction, and the accuracy.\n",
    .details = "With --json: one object with data, images, test_accuracy and confusion, a list of\n"
               "rows.\n",
    .examples = "  clcnn eval fashion.safetensors\n"
                "  clcnn eval digits.safetensors --data ~/mnist\n",
};

int cmd_eval(int argc, char **argv)
{
    eval_run run = {.batch = 256};
    tool_option options[] = {
        {"data", "NAME|DIR", TOOL_TEXT, &run.data, 0, 0,
         "fashion-mnist, synthetic, or a folder as for clcnn\n"
         "train; what the network was trained on if left out",
         false},
        {"device", "SEL", TOOL_TEXT, &run.device, 0, 0, "as for clcnn train", false},
        {"batch", "N", TOOL_INT, &run.batch, 1, 1000000, "images at a time", false},
        {"json", NULL, TOOL_FLAG, &run.json, 0, 0, "one JSON object", false},
        {.name = NULL},
    };
    int code = tool_parse(&doc, options, argc, argv);
    if (code >= 0)
        return code;
    if (optind == argc)
        return tool_usage(command, "the FILE of a saved network is missing");
    if (optind + 1 < argc)
        return tool_usage(command, "unexpected argument '%s'", argv[optind + 1]);
    run.file = argv[optind];
    code = evaluate(&run);
    if (code == TOOL_OK && run.json)
        code = print_json(&run);
    else if (code == TOOL_OK)
        print_matrix(&run);
    tear_down(&run);
    return code;
}
