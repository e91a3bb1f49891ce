/*
 * clcnn predict: what a saved network takes images for. An image that can't be read is named and
 * left out; the others are answered all the same, and the exit code tells.
 */
#include "pgm.h"
#include "tool.h"

#include <stdlib.h>
#include <string.h>

static const char *const command = "predict";
enum { MESSAGE_SIZE = 1024, MOST_AT_A_TIME = 64 };

typedef struct predict_run {
    const char *file, *device;
    int top;
    bool json;
    char **paths; /* of the images */
    int path_count;

    clcnn_checkpoint_info saved;
    clcnn_ctx *ctx;
    clcnn_model *model;
    int count;         /* images that could be read */
    const char **read; /* their paths */
    uint8_t *pixels;   /* [count,h,w] */
    double *result;    /* [count,classes] */
} predict_run;

static size_t image_size(const predict_run *run)
{
    return (size_t)run->saved.h * (size_t)run->saved.w;
}

/* Returns TOOL_FAILED, after a message for each, where images could not be read. */
static int read_images(predict_run *run)
{
    char message[MESSAGE_SIZE];
    int code = TOOL_OK;
    size_t paths = (size_t)run->path_count;
    if (run->saved.c != 1)
        return tool_fail(command, "%s takes images of %d channels, and PGM images have one",
                         run->file, run->saved.c);
    run->read = calloc(paths, sizeof *run->read);
    run->pixels = calloc(paths, image_size(run));
    run->result = calloc(paths * (size_t)run->saved.classes, sizeof *run->result);
    if (run->read == NULL || run->pixels == NULL || run->result == NULL)
        return tool_fail(command, "no memory for %d images", run->path_count);
    for (int i = 0; i < run->path_count; i++) {
        uint8_t *pixels = run->pixels + (size_t)run->count * image_size(run);
        if (pgm_read(run->paths[i], run->saved.h, run->saved.w, pixels, message, sizeof message))
            code = tool_fail(command, "%s", message);
        else
            run->read[run->count++] = run->paths[i];
    }
    return code;
}

static int predict(predict_run *run)
{
    clcnn_error error = {0};
    int batch = run->count < MOST_AT_A_TIME ? run->count : MOST_AT_A_TIME;
    int code = tool_open_device(command, run->device, &run->ctx);
    if (code != TOOL_OK)
        return code;
    if (clcnn_model_load(run->ctx, run->file, batch, &run->model, &error) != CLCNN_SUCCESS)
        return tool_report(command, &error);
    if (clcnn_model_predict(run->model, run->count, run->pixels, run->result, &error) !=
        CLCNN_SUCCESS)
        return tool_report(command, &error);
    return TOOL_OK;
}

/* The class with the highest probability that is below the place (before, limit): the next one in
 * falling order, the lower class first among equals. */
static int next_class(const double *probabilities, int classes, int before)
{
    int best = -1;
    for (int i = 0; i < classes; i++) {
        bool after = before < 0 || probabilities[i] < probabilities[before] ||
                     (probabilities[i] == probabilities[before] && i > before);
        if (after && (best < 0 || probabilities[i] > probabilities[best]))
            best = i;
    }
    return best;
}

static int print_image(const predict_run *run, const char *path, const double *probabilities,
                       int width)
{
    int digits = snprintf(NULL, 0, "%d", run->saved.classes - 1);
    int first = next_class(probabilities, run->saved.classes, -1);
    tool_print(stdout, "%-*s", width, path);
    int class = first;
    for (int i = 0; i < run->top && class >= 0; i++) {
        printf("   %*d %.4f", digits, class, probabilities[class]);
        class = next_class(probabilities, run->saved.classes, class);
    }
    const char *name = tool_class_name(run->saved.data, first);
    printf("%s%s\n", name[0] != '\0' ? "   " : "", name);
    return tool_flush();
}

static int print_json(const predict_run *run, const char *path, const double *probabilities)
{
    json_t *list = json_array();
    for (int i = 0; i < run->saved.classes; i++)
        json_array_append_new(list, tool_json_real(probabilities[i]));
    /* JSON is UTF-8, file names are bytes: one that is no UTF-8 can't be carried. */
    json_t *file = json_string(path);
    return tool_json_line(command,
                          json_pack("{s:o, s:i, s:o}", "file", file != NULL ? file : json_null(),
                                    "class", next_class(probabilities, run->saved.classes, -1),
                                    "probabilities", list));
}

static int print_results(const predict_run *run)
{
    int width = 0, code = TOOL_OK;
    for (int i = 0; i < run->count; i++)
        width = (int)strlen(run->read[i]) > width ? (int)strlen(run->read[i]) : width;
    for (int i = 0; i < run->count && code == TOOL_OK; i++) {
        const double *probabilities = run->result + (size_t)i * (size_t)run->saved.classes;
        if (run->json)
            code = print_json(run, run->read[i], probabilities);
        else
            code = print_image(run, run->read[i], probabilities, width);
    }
    return code;
}

static int run_all(predict_run *run)
{
    clcnn_error error = {0};
    if (clcnn_checkpoint_read_info(run->file, &run->saved, &error) != CLCNN_SUCCESS)
        return tool_report(command, &error);
    int images = read_images(run);
    if (run->count == 0)
        return images;
    int code = predict(run);
    if (code == TOOL_OK)
        code = print_results(run);
    return code != TOOL_OK ? code : images;
}

static void tear_down(predict_run *run)
{
    free(run->read);
    free(run->pixels);
    free(run->result);
    clcnn_model_destroy(run->model);
    clcnn_ctx_destroy(run->ctx);
    clcnn_checkpoint_info_free(&run->saved);
}

static const tool_doc doc = {
    .name = "predict",
    .usage = "[OPTION...] FILE IMAGE.pgm...",
    .about =
        "Classifies PGM images (P5 or P2, any grey depth; '-' is standard input) by a network\n"
        "that 'clcnn train --out FILE' saved. The images must be as large as those it was\n"
        "trained on, and like them: Fashion-MNIST and the synthetic digits are light on dark.\n",
    .details =
        "Prints one line per image: its name, then class and probability of the most likely\n"
        "classes, best first (and the best one's name where classes have names). With\n"
        "--json: one object a line with file, class and probabilities, a list of all of\n"
        "them.\n"
        "An image that can't be read is named on stderr and left out; the exit code is 1.\n",
    .examples = "  clcnn predict digits.safetensors seven.pgm\n"
                "  clcnn predict --top 10 fashion.safetensors *.pgm\n",
};

int cmd_predict(int argc, char **argv)
{
    predict_run run = {.top = 3};
    tool_option options[] = {
        {"top", "N", TOOL_INT, &run.top, 1, 1000000, "how many classes to print", false},
        {"device", "SEL", TOOL_TEXT, &run.device, 0, 0, "as for clcnn train", false},
        {"json", NULL, TOOL_FLAG, &run.json, 0, 0, "one JSON object a line", false},
        {.name = NULL},
    };
    int code = tool_parse(&doc, options, argc, argv);
    if (code >= 0)
        return code;
    if (optind == argc)
        return tool_usage(command, "the FILE of a saved network and the images are missing");
    if (optind + 1 == argc)
        return tool_usage(command, "no IMAGE.pgm after '%s'", argv[optind]);
    run.file = argv[optind];
    run.paths = argv + optind + 1;
    run.path_count = argc - optind - 1;
    code = run_all(&run);
    tear_down(&run);
    return code;
}
