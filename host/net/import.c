/*
 * Weights that another program saved, made into a checkpoint.
 *
 * A file of safetensors names its tensors as the program that trained them named its modules:
 * "features.0.weight", "layer1.0.bn2.running_var". All tensors of the same beginning make a module,
 * and the rank of its weight tells what it is: a convolution, a dense layer or a normalisation. The
 * network's layers take the modules of their kind one after another; in a module, tensors are known
 * by the rest of their names, which are those of our parameters. Shapes must be equal.
 *
 * The modules' order is that of their data in the file. Only where the names ascend (Python's
 * safetensors sorts them) does it say nothing: then modules go by their names, with the numbers in
 * them compared as numbers. A wrong order is noticed where shapes differ; the caller hears of each
 * tensor where it went.
 */
#include "net.h"
#include "safetensors.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* By the rank of the weight. */
typedef enum module_kind { CONVOLUTION, DENSE, NORMALISATION } module_kind;
static const char *const kind_names[] = {"convolution", "dense layer", "normalisation"};

/* A tensor of the file. */
typedef struct entry {
    const clcnn__safetensors_tensor *tensor;
    size_t prefix; /* characters of the module's name, with the dot */
    size_t module;
    bool used;
} entry;

typedef struct module {
    const entry *first; /* has the name */
    module_kind kind;
    bool known; /* it has a weight, so that there is a kind */
    bool taken;
} module;

typedef struct importing {
    const char *path;
    const clcnn_import_desc *desc;
    clcnn_import_fn placed;
    void *user;
    clcnn_error *error;
    clcnn__safetensors *file;
    size_t count, module_count;
    entry *entries; /* in the order of the modules */
    module *modules;
    clcnn__layers layers;
    float *values; /* packed, as in clcnn_net_read */
} importing;

#define BAD(im, ...) CLCNN__FAIL((im)->error, CLCNN_BAD_FILE, "%.400s: " __VA_ARGS__)

static clcnn_status no_memory(clcnn_error *error)
{
    return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory to import weights");
}

enum { SHAPE_TEXT = 128 };

static const char *shape_text(char text[SHAPE_TEXT], const clcnn__safetensors_tensor *tensor)
{
    text[0] = '\0';
    for (int i = 0; i < tensor->rank; ++i)
        clcnn__append(text, SHAPE_TEXT, "%s%zu", i ? "," : "", tensor->shape[i]);
    return text;
}

static const char *parameter_text(char text[SHAPE_TEXT], const clcnn__parameter *parameter)
{
    text[0] = '\0';
    for (int i = 0; i < parameter->rank; ++i)
        clcnn__append(text, SHAPE_TEXT, "%s%d", i ? "," : "", parameter->shape[i]);
    return text;
}

/* ---- The order of the modules ---------------------------------------------------------------- */

static size_t digits_at(const char *text)
{
    return strspn(text, "0123456789");
}

/* Names with the numbers in them as numbers: layer2 before layer10. */
static int compare_names(const char *a, const char *b)
{
    const char *const a_start = a, *const b_start = b;
    while (*a && *b) {
        size_t a_digits = digits_at(a), b_digits = digits_at(b);
        if (a_digits == 0 || b_digits == 0) {
            if (*a != *b)
                return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
            ++a;
            ++b;
            continue;
        }
        for (; a_digits > 1 && *a == '0'; --a_digits)
            ++a;
        for (; b_digits > 1 && *b == '0'; --b_digits)
            ++b;
        if (a_digits != b_digits)
            return a_digits < b_digits ? -1 : 1;
        int order = memcmp(a, b, a_digits);
        if (order != 0)
            return order;
        a += a_digits;
        b += b_digits;
    }
    return *a || *b ? (*a ? 1 : -1) : strcmp(a_start, b_start);
}

static int by_name(const void *a, const void *b)
{
    return compare_names(((const entry *)a)->tensor->name, ((const entry *)b)->tensor->name);
}

static bool names_ascend(const importing *im)
{
    for (size_t i = 1; i < im->count; ++i)
        if (strcmp(im->entries[i - 1].tensor->name, im->entries[i].tensor->name) > 0)
            return false;
    return true;
}

/* ---- Modules --------------------------------------------------------------------------------- */

/* What PyTorch counts beside the statistics; nothing here needs it. */
static bool is_counter(const clcnn__safetensors_tensor *tensor)
{
    static const char name[] = "num_batches_tracked";
    size_t length = strlen(tensor->name);
    return tensor->dtype == CLCNN__I64 && tensor->count == 1 && length >= sizeof name - 1 &&
           strcmp(tensor->name + length - (sizeof name - 1), name) == 0;
}

static clcnn_status list_entries(importing *im)
{
    size_t count = clcnn__safetensors_count(im->file);
    im->entries = calloc(count + 1, sizeof *im->entries);
    im->modules = calloc(count + 1, sizeof *im->modules);
    if (!im->entries || !im->modules)
        return no_memory(im->error);
    for (size_t i = 0; i < count; ++i) {
        const clcnn__safetensors_tensor *tensor = clcnn__safetensors_at(im->file, i);
        if (is_counter(tensor))
            continue;
        if (tensor->dtype != CLCNN__F32)
            return BAD(im, "tensor \"%s\" is %s; weights are imported from F32 alone", im->path,
                       tensor->name, clcnn__dtype_name(tensor->dtype));
        const char *dot = strrchr(tensor->name, '.');
        im->entries[im->count++] =
            (entry){.tensor = tensor, .prefix = dot ? (size_t)(dot - tensor->name) + 1 : 0};
    }
    if (im->count > 0 && names_ascend(im))
        qsort(im->entries, im->count, sizeof *im->entries, by_name);
    return CLCNN_SUCCESS;
}

static bool same_module(const entry *a, const entry *b)
{
    return a->prefix == b->prefix && memcmp(a->tensor->name, b->tensor->name, a->prefix) == 0;
}

static size_t find_module(importing *im, const entry *e)
{
    for (size_t i = im->module_count; i-- > 0;) /* most often it is the last one */
        if (same_module(im->modules[i].first, e))
            return i;
    im->modules[im->module_count].first = e;
    return im->module_count++;
}

static clcnn_status list_modules(importing *im)
{
    char shape[SHAPE_TEXT];
    for (size_t i = 0; i < im->count; ++i) {
        entry *e = &im->entries[i];
        e->module = find_module(im, e);
        module *m = &im->modules[e->module];
        if (strcmp(e->tensor->name + e->prefix, "weight") != 0)
            continue;
        m->known = true;
        m->kind = e->tensor->rank == 4 ? CONVOLUTION : e->tensor->rank == 2 ? DENSE : NORMALISATION;
    }
    for (size_t i = 0; i < im->module_count; ++i) {
        const entry *e = im->modules[i].first;
        if (!im->modules[i].known)
            return BAD(im, "tensor \"%s\" [%s] has no place: there is no \"%.*sweight\" beside it",
                       im->path, e->tensor->name, shape_text(shape, e->tensor), (int)e->prefix,
                       e->tensor->name);
    }
    return CLCNN_SUCCESS;
}

/* ---- Placing --------------------------------------------------------------------------------- */

static clcnn_status check_tensor(const importing *im, size_t layer,
                                 const clcnn__parameter *parameter,
                                 const clcnn__safetensors_tensor *tensor)
{
    char has[SHAPE_TEXT], needs[SHAPE_TEXT];
    bool same = tensor->rank == parameter->rank;
    for (int i = 0; same && i < parameter->rank; ++i)
        same = tensor->shape[i] == (size_t)parameter->shape[i];
    if (!same)
        return BAD(im, "tensor \"%s\" is [%s], and %zu.%s of the network (\"%s\") is [%s]",
                   im->path, tensor->name, shape_text(has, tensor), layer, parameter->name,
                   im->layers.rows[layer].text, parameter_text(needs, parameter));
    const float *data = tensor->data;
    const bool negative = strcmp(parameter->name, "running_var") != 0;
    for (size_t i = 0; i < tensor->count; ++i)
        if (!isfinite(data[i]) || (!negative && data[i] < 0))
            return BAD(im, "tensor \"%s\" has %g at element %zu", im->path, tensor->name,
                       (double)data[i], i);
    return CLCNN_SUCCESS;
}

static clcnn_status place(importing *im, size_t layer, const clcnn__parameter *parameter,
                          size_t number)
{
    const module *m = &im->modules[number];
    const clcnn__layer *row = &im->layers.rows[layer];
    char shape[SHAPE_TEXT], name[64];
    entry *e = im->entries, *end = e + im->count;
    while (e < end &&
           (e->module != number || strcmp(e->tensor->name + e->prefix, parameter->name) != 0))
        ++e;
    if (e == end)
        return BAD(im, "tensor \"%.*s%s\" is missing: %zu.%s of the network (\"%s\") is [%s]%s",
                   im->path, (int)m->first->prefix, m->first->tensor->name, parameter->name, layer,
                   parameter->name, row->text, parameter_text(shape, parameter),
                   m->kind != NORMALISATION ? "; \"nobias\" says that there is none" : "");
    clcnn_status status = check_tensor(im, layer, parameter, e->tensor);
    if (status)
        return status;
    memcpy(im->values + parameter->packed, e->tensor->data, parameter->count * sizeof(float));
    e->used = true;
    snprintf(name, sizeof name, "%zu.%s", layer, parameter->name);
    if (im->placed)
        im->placed(e->tensor->name, name, im->user);
    return CLCNN_SUCCESS;
}

static module_kind kind_of(const clcnn__layer *layer)
{
    int rank = layer->parameters[0].rank;
    return rank == 4 ? CONVOLUTION : rank == 2 ? DENSE : NORMALISATION;
}

/* A layer takes the next module of its kind, and all of it. */
static clcnn_status fill_layer(importing *im, size_t layer)
{
    const clcnn__layer *row = &im->layers.rows[layer];
    char shape[SHAPE_TEXT];
    size_t number = 0;
    while (number < im->module_count &&
           (im->modules[number].taken || im->modules[number].kind != kind_of(row)))
        ++number;
    if (number == im->module_count)
        return BAD(im,
                   "no %s is left in it for layer %zu of the network (\"%s\"), whose %s is [%s]",
                   im->path, kind_names[kind_of(row)], layer, row->text, row->parameters[0].name,
                   parameter_text(shape, &row->parameters[0]));
    im->modules[number].taken = true;
    for (int p = 0; p < row->parameter_count; ++p) {
        clcnn_status status = place(im, layer, &row->parameters[p], number);
        if (status)
            return status;
    }
    for (size_t i = 0; i < im->count; ++i) {
        const entry *e = &im->entries[i];
        if (e->module == number && !e->used)
            return BAD(im,
                       "tensor \"%s\" [%s] has no place: layer %zu of the network (\"%s\") has "
                       "no %s",
                       im->path, e->tensor->name, shape_text(shape, e->tensor), layer, row->text,
                       e->tensor->name + e->prefix);
    }
    return CLCNN_SUCCESS;
}

static clcnn_status fill_network(importing *im)
{
    char shape[SHAPE_TEXT];
    im->values = calloc(im->layers.values + 1, sizeof *im->values);
    if (!im->values)
        return no_memory(im->error);
    for (size_t i = 0; i < im->layers.count; ++i)
        if (im->layers.rows[i].parameter_count > 0) {
            clcnn_status status = fill_layer(im, i);
            if (status)
                return status;
        }
    for (size_t i = 0; i < im->count; ++i) {
        const entry *e = &im->entries[i];
        if (!e->used)
            return BAD(im, "tensor \"%s\" [%s] has no place: every %s of the network is filled",
                       im->path, e->tensor->name, shape_text(shape, e->tensor),
                       kind_names[im->modules[e->module].kind]);
    }
    return CLCNN_SUCCESS;
}

/* ---- The checkpoint -------------------------------------------------------------------------- */

/* As if training had not begun. The optimiser's state is zero, and the data set nobody's. */
static clcnn_status write_checkpoint(importing *im, const char *out)
{
    const clcnn_import_desc *desc = im->desc;
    const clcnn__shape shape = im->layers.rows[im->layers.count - 1].out;
    float *zeros = calloc(im->layers.values + 1, sizeof *zeros);
    char *text = clcnn__layers_text(&im->layers);
    clcnn__checkpoint checkpoint = {
        .info = {.layers = text,
                 .c = desc->c,
                 .h = desc->h,
                 .w = desc->w,
                 .classes = shape.c * shape.h * shape.w,
                 .options = {.layers = text, .batch = CLCNN_DEFAULT_BATCH, .lr = CLCNN_DEFAULT_LR},
                 .data = "imported",
                 .train_count = 1,
                 .mean = desc->mean,
                 .deviation = desc->deviation == 0 ? 1 : desc->deviation},
        .arrays = {im->values, zeros, zeros}};
    clcnn_status status =
        zeros && text ? clcnn__checkpoint_write(out, &checkpoint, im->error) : no_memory(im->error);
    free(zeros);
    free(text);
    return status;
}

static clcnn_status check_arguments(const char *path, const clcnn_import_desc *desc,
                                    const char *out, clcnn_error *error)
{
    if (!path || !desc || !out)
        return CLCNN__INVALID(error, "clcnn_import: %s is NULL",
                              !path   ? "path"
                              : !desc ? "desc"
                                      : "out");
    if (!(desc->mean >= 0 && desc->mean <= 1))
        return CLCNN__INVALID(error, "clcnn_import: mean is %g, not 0 to 1", desc->mean);
    if (!(desc->deviation == 0 || (desc->deviation >= 1e-9 && desc->deviation <= 1)))
        return CLCNN__INVALID(error, "clcnn_import: deviation is %g, not 1e-9 to 1",
                              desc->deviation);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_import(const char *path, const clcnn_import_desc *desc, const char *out,
                          clcnn_import_fn placed, void *user, clcnn_error *error)
{
    clcnn_status status = check_arguments(path, desc, out, error);
    if (status)
        return status;
    importing im = {.path = path, .desc = desc, .placed = placed, .user = user, .error = error};
    const char *layers = desc->layers ? desc->layers : "lenet5";
    status =
        clcnn__layers_create(layers, (clcnn__shape){desc->c, desc->h, desc->w}, &im.layers, error);
    if (!status)
        status = clcnn__safetensors_open(path, &im.file, error);
    if (!status)
        status = list_entries(&im);
    if (!status)
        status = list_modules(&im);
    if (!status)
        status = fill_network(&im);
    if (!status)
        status = write_checkpoint(&im, out);
    clcnn__safetensors_close(im.file);
    clcnn__layers_destroy(&im.layers);
    free(im.entries);
    free(im.modules);
    free(im.values);
    return status;
}
