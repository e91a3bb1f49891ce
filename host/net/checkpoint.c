/*
 * Checkpoints: one safetensors file holds all that training needs to go on, bit for bit.
 *
 * Tensors, float32: LAYER.weight, LAYER.bias, LAYER.running_mean and LAYER.running_var with
 * PyTorch's names and shapes, and for all but the statistics the optimiser's state, under adam.m.
 * and adam.v., or as update.c calls it. Metadata: the rows of `fields` below. Numbers that are not
 * whole are written by jansson, which knows how to print a double so that it reads back the same
 * under any locale; the running sum of losses may be anything, so it is written as the bits of a
 * double.
 *
 * Reading is strict. The file must have exactly the tensors that its network has, finite, and
 * values that fit each other.
 */
#include "net.h"
#include "safetensors.h"

#include <float.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char FORMAT[] = "clcnn-checkpoint", VERSION[] = "2";

static clcnn_status no_memory(clcnn_error *error)
{
    return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for a checkpoint");
}

void clcnn_checkpoint_info_free(clcnn_checkpoint_info *info)
{
    if (!info)
        return;
    free(info->layers);
    *info = (clcnn_checkpoint_info){0};
}

void clcnn__checkpoint_free(clcnn__checkpoint *checkpoint)
{
    clcnn_checkpoint_info_free(&checkpoint->info);
    for (int i = 0; i < 3; ++i)
        free(checkpoint->arrays[i]);
    *checkpoint = (clcnn__checkpoint){0};
}

/* ---- Metadata: one row per field, read and written by its type ---------------------------- */

enum {
    TEXT = 1 << 10,          /* bytes of a value but for the network's */
    MOST_EPOCHS = 1000000000 /* more than anybody trains; the next ones still have numbers */
};

typedef enum field_type { INT, INT64, UINT64, UINT32, REAL, BITS, CHOICE } field_type;

#define OPTIMISER_NAME(constant, name) name,
static const char *const optimiser_names[] = {CLCNN_OPTIMISER_MAP(OPTIMISER_NAME) NULL};
#undef OPTIMISER_NAME
static const char *const schedule_names[] = {
    [CLCNN_SCHEDULE_CONSTANT] = "constant",
    [CLCNN_SCHEDULE_STEP] = "step",
    [CLCNN_SCHEDULE_COSINE] = "cosine",
    NULL,
};
static const char *const init_names[] = {
    [CLCNN_INIT_DEFAULT] = "default",
    [CLCNN_INIT_HE] = "he",
    [CLCNN_INIT_GLOROT] = "glorot",
    NULL,
};

static const struct field {
    const char *key;
    field_type type;
    size_t offset; /* in clcnn__checkpoint */
    double least, most;
    const char *const *names; /* of a CHOICE, by its value */
} fields[] = {
#define INFO(member) offsetof(clcnn__checkpoint, info.member)
#define OPTION(member) offsetof(clcnn__checkpoint, info.options.member)
    {"channels", INT, INFO(c), 1, INT32_MAX, NULL},
    {"height", INT, INFO(h), 1, INT32_MAX, NULL},
    {"width", INT, INFO(w), 1, INT32_MAX, NULL},
    {"classes", INT, INFO(classes), 1, INT32_MAX, NULL},
    {"batch", INT, OPTION(batch), 1, INT32_MAX, NULL},
    {"lr", REAL, OPTION(lr), 0, 1e30, NULL},
    {"seed", UINT64, OPTION(seed), 0, 0, NULL},
    {"optimiser", CHOICE, OPTION(optimiser), 0, 0, optimiser_names},
    {"momentum", REAL, OPTION(momentum), 0, 1e30, NULL},
    {"nesterov", INT, OPTION(nesterov), 0, 1, NULL},
    {"weight_decay", REAL, OPTION(weight_decay), 0, 1e30, NULL},
    {"max_norm", REAL, OPTION(max_norm), 0, FLT_MAX, NULL},
    {"label_smoothing", REAL, OPTION(label_smoothing), 0, 1, NULL},
    {"schedule", CHOICE, OPTION(schedule), 0, 0, schedule_names},
    {"warmup", REAL, OPTION(warmup), 0, MOST_EPOCHS, NULL},
    {"schedule_epochs", INT, OPTION(schedule_epochs), 0, MOST_EPOCHS, NULL},
    {"gamma", REAL, OPTION(gamma), 0, 1e30, NULL},
    {"min_lr", REAL, OPTION(min_lr), 0, 1e30, NULL},
    {"init", CHOICE, OPTION(init), 0, 0, init_names},
    {"epochs_done", INT, INFO(epochs_done), 0, MOST_EPOCHS, NULL},
    {"step", INT, INFO(step), 0, INT32_MAX, NULL},
    {"steps_total", INT64, INFO(steps_total), 0, 9e15, NULL},
    {"loss_sum", BITS, offsetof(clcnn__checkpoint, loss_sum), 0, 0, NULL},
    {"data_train", INT, INFO(train_count), 1, INT32_MAX, NULL},
    {"data_test", INT, INFO(test_count), 0, INT32_MAX, NULL},
    {"data_checksum", UINT32, INFO(data_checksum), 0, UINT32_MAX, NULL},
    {"mean", REAL, INFO(mean), 0, 1, NULL},
    {"deviation", REAL, INFO(deviation), 1e-9, 1, NULL},
    {"shift", INT, OPTION(shift), 0, INT32_MAX, NULL},
    {"flip", INT, OPTION(flip), 0, 1, NULL},
#undef OPTION
#undef INFO
};
enum { FIELDS = sizeof fields / sizeof *fields, METADATA = FIELDS + 4 };

static bool print_real(double value, char text[TEXT])
{
    json_t *number = json_real(value);
    size_t length = json_dumpb(number, text, TEXT - 1, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
    json_decref(number);
    if (length == 0 || length >= TEXT)
        return false;
    text[length] = '\0';
    return true;
}

static bool print_field(const struct field *field, const clcnn__checkpoint *checkpoint,
                        char text[TEXT])
{
    const void *at = (const char *)checkpoint + field->offset;
    uint64_t bits;
    switch (field->type) {
    case INT:
        snprintf(text, TEXT, "%d", *(const int *)at);
        return true;
    case INT64:
        snprintf(text, TEXT, "%" PRId64, *(const int64_t *)at);
        return true;
    case UINT64:
        snprintf(text, TEXT, "%" PRIu64, *(const uint64_t *)at);
        return true;
    case UINT32:
        snprintf(text, TEXT, "%" PRIu32, *(const uint32_t *)at);
        return true;
    case REAL:
        return print_real(*(const double *)at, text);
    case BITS:
        memcpy(&bits, at, sizeof bits);
        snprintf(text, TEXT, "%016" PRIx64, bits);
        return true;
    case CHOICE:
        snprintf(text, TEXT, "%s", field->names[*(const int *)at]);
        return true;
    }
    return false;
}

/* A number of digits alone, not beyond 64 bits. */
static bool scan_digits(const char *text, unsigned base, uint64_t *value)
{
    static const char digits[] = "0123456789abcdef";
    *value = 0;
    if (!*text)
        return false;
    for (; *text; ++text) {
        const char *digit = memchr(digits, *text, base);
        if (!digit || *value > (UINT64_MAX - (uint64_t)(digit - digits)) / base)
            return false;
        *value = *value * base + (uint64_t)(digit - digits);
    }
    return true;
}

static bool scan_real(const char *text, double *value)
{
    json_t *number = json_loads(text, JSON_DECODE_ANY, NULL);
    bool ok = json_is_number(number);
    if (ok)
        *value = json_number_value(number);
    json_decref(number);
    return ok;
}

/* All enums of the fields are ints. */
static bool scan_choice(const char *const *names, const char *text, int *value)
{
    for (int i = 0; names[i]; ++i)
        if (strcmp(names[i], text) == 0) {
            *value = i;
            return true;
        }
    return false;
}

static bool scan_field(const struct field *field, const char *text, clcnn__checkpoint *checkpoint)
{
    void *at = (char *)checkpoint + field->offset;
    uint64_t whole = 0;
    double real = 0;
    if (field->type == CHOICE)
        return scan_choice(field->names, text, at);
    if (field->type == REAL) {
        if (!scan_real(text, &real) || !(real >= field->least && real <= field->most))
            return false;
        *(double *)at = real;
        return true;
    }
    if (!scan_digits(text, field->type == BITS ? 16 : 10, &whole))
        return false;
    if (field->type == BITS) {
        memcpy(at, &whole, sizeof whole);
        return strlen(text) == 16;
    }
    if (field->type == UINT64) {
        *(uint64_t *)at = whole;
        return true;
    }
    if ((double)whole < field->least || (double)whole > field->most)
        return false;
    if (field->type == INT)
        *(int *)at = (int)whole;
    else if (field->type == INT64)
        *(int64_t *)at = (int64_t)whole;
    else
        *(uint32_t *)at = (uint32_t)whole;
    return true;
}

/* ---- The tensors that a network has --------------------------------------------------------- */

/* Calls `visit` for each, in the order of the file, until it fails. */
typedef clcnn_status (*visit_fn)(void *user, const char *name, const clcnn__parameter *parameter,
                                 int array);

static clcnn_status visit_tensors(const clcnn__layers *layers, clcnn_optimiser optimiser,
                                  visit_fn visit, void *user)
{
    for (int array = 0; array < 3; ++array) {
        const char *prefix = array ? clcnn__state_name(optimiser, array - 1) : "";
        for (size_t i = 0; prefix && i < layers->count; ++i)
            for (int p = 0; p < layers->rows[i].parameter_count; ++p) {
                const clcnn__parameter *parameter = &layers->rows[i].parameters[p];
                if (array && parameter->statistic)
                    continue;
                char name[CLCNN__SAFETENSORS_MAX_NAME];
                snprintf(name, sizeof name, "%s%zu.%s", prefix, i, parameter->name);
                clcnn_status status = visit(user, name, parameter, array);
                if (status)
                    return status;
            }
    }
    return CLCNN_SUCCESS;
}

static clcnn_status count_one(void *user, const char *name, const clcnn__parameter *parameter,
                              int array)
{
    (void)name;
    (void)parameter;
    (void)array;
    ++*(size_t *)user;
    return CLCNN_SUCCESS;
}

static size_t tensor_count(const clcnn__layers *layers, clcnn_optimiser optimiser)
{
    size_t count = 0;
    visit_tensors(layers, optimiser, count_one, &count);
    return count;
}

/* Variances and means of squares are never negative. */
static bool has_sign(const clcnn__parameter *parameter, int array)
{
    return array != 2 && strcmp(parameter->name, "running_var") != 0;
}

/* The first element that must not be there: not finite, or negative where none can be. */
static bool find_bad(const float *data, const clcnn__parameter *parameter, int array, size_t *where)
{
    const bool sign = has_sign(parameter, array);
    for (size_t i = 0; i < parameter->count; ++i)
        if (!isfinite(data[i]) || (!sign && data[i] < 0)) {
            *where = i;
            return true;
        }
    return false;
}

/* ---- Reading ------------------------------------------------------------------------------ */

struct reading {
    const char *path;
    clcnn__safetensors *file;
    clcnn__layers layers;
    clcnn__checkpoint checkpoint;
    clcnn_error *error;
};

#define BAD(reading, ...) CLCNN__FAIL((reading)->error, CLCNN_BAD_FILE, __VA_ARGS__)

static clcnn_status read_format(struct reading *r)
{
    const char *format = clcnn__safetensors_metadata(r->file, "format");
    const char *version = clcnn__safetensors_metadata(r->file, "format_version");
    if (!format || strcmp(format, FORMAT) != 0)
        return BAD(r, "%s is no checkpoint of clcnn: its metadata \"format\" is %s%.40s%s", r->path,
                   format ? "\"" : "", format ? format : "missing", format ? "\"" : "");
    if (!version || strcmp(version, VERSION) != 0)
        return BAD(r, "%s has checkpoint version %.20s, this library reads version %s", r->path,
                   version ? version : "(none)", VERSION);
    return CLCNN_SUCCESS;
}

static clcnn_status read_fields(struct reading *r)
{
    for (int i = 0; i < FIELDS; ++i) {
        const char *text = clcnn__safetensors_metadata(r->file, fields[i].key);
        if (!text)
            return BAD(r, "%s: metadata \"%s\" is missing", r->path, fields[i].key);
        if (!scan_field(&fields[i], text, &r->checkpoint))
            return BAD(r, "%s: metadata \"%s\" is \"%.60s\", which cannot be", r->path,
                       fields[i].key, text);
    }
    const char *data = clcnn__safetensors_metadata(r->file, "data");
    clcnn_checkpoint_info *info = &r->checkpoint.info;
    if (!data || strlen(data) >= sizeof info->data)
        return BAD(r, "%s: metadata \"data\" is %s", r->path, data ? "too long" : "missing");
    strcpy(info->data, data);
    if (info->options.shift >= info->h || info->options.shift >= info->w)
        return BAD(r, "%s: images of %dx%d cannot be moved by %d", r->path, info->h, info->w,
                   info->options.shift);
    clcnn_error local;
    if (clcnn__check_train_options(&info->options, &local))
        return BAD(r, "%s: its options cannot be: %s", r->path, local.message);
    int64_t steps = ((int64_t)info->train_count + info->options.batch - 1) / info->options.batch;
    if (info->step >= steps || info->steps_total != steps * info->epochs_done + info->step)
        return BAD(r,
                   "%s: %d epochs of %" PRId64 " steps and %d steps do not make the %" PRId64
                   " steps that it says",
                   r->path, info->epochs_done, steps, info->step, info->steps_total);
    return CLCNN_SUCCESS;
}

static clcnn_status read_network(struct reading *r)
{
    clcnn_checkpoint_info *info = &r->checkpoint.info;
    const char *text = clcnn__safetensors_metadata(r->file, "layers");
    if (!text)
        return BAD(r, "%s: metadata \"layers\" is missing", r->path);
    clcnn_error local;
    if (clcnn__layers_create(text, (clcnn__shape){info->c, info->h, info->w}, &r->layers, &local))
        return BAD(r, "%s: its network cannot be built: %s", r->path, local.message);
    const clcnn__shape *out = &r->layers.rows[r->layers.count - 1].out;
    if (out->c * out->h * out->w != info->classes)
        return BAD(r, "%s: its network has %d outputs, for %d classes", r->path,
                   out->c * out->h * out->w, info->classes);
    info->layers = strdup(text);
    info->options.layers = info->layers;
    return info->layers ? CLCNN_SUCCESS : no_memory(r->error);
}

static void print_shape(char *text, size_t size, int rank, const size_t *shape)
{
    text[0] = '\0';
    for (int i = 0; i < rank; ++i)
        clcnn__append(text, size, "%s%zu", i ? "," : "", shape[i]);
}

static clcnn_status check_tensor(const struct reading *r, const clcnn__safetensors_tensor *tensor,
                                 const clcnn__parameter *parameter)
{
    size_t shape[4];
    bool same = tensor->rank == parameter->rank;
    for (int i = 0; i < parameter->rank; ++i) {
        shape[i] = (size_t)parameter->shape[i];
        same = same && tensor->shape[i] == shape[i];
    }
    char has[128], needs[128];
    print_shape(has, sizeof has, tensor->rank, tensor->shape);
    print_shape(needs, sizeof needs, parameter->rank, shape);
    if (!same || tensor->dtype != CLCNN__F32)
        return BAD(r, "%s: tensor \"%s\" is %s [%s], the network needs F32 [%s]", r->path,
                   tensor->name, clcnn__dtype_name(tensor->dtype), has, needs);
    return CLCNN_SUCCESS;
}

static clcnn_status read_tensor(void *user, const char *name, const clcnn__parameter *parameter,
                                int array)
{
    struct reading *r = user;
    const clcnn__safetensors_tensor *tensor = clcnn__safetensors_find(r->file, name);
    if (!tensor)
        return BAD(r, "%s: tensor \"%s\" is missing", r->path, name);
    clcnn_status status = check_tensor(r, tensor, parameter);
    if (status)
        return status;
    size_t where;
    if (find_bad(tensor->data, parameter, array, &where))
        return BAD(r, "%s: tensor \"%s\" has %g at element %zu", r->path, name,
                   (double)((const float *)tensor->data)[where], where);
    memcpy(r->checkpoint.arrays[array] + parameter->packed, tensor->data,
           parameter->count * sizeof(float));
    return CLCNN_SUCCESS;
}

static clcnn_status not_this(void *user, const char *name, const clcnn__parameter *parameter,
                             int array)
{
    (void)parameter;
    (void)array;
    return strcmp(user, name) == 0 ? CLCNN_BAD_FILE : CLCNN_SUCCESS;
}

/* Every tensor that the network has is there; is there one more? */
static clcnn_status refuse_others(struct reading *r)
{
    const clcnn_optimiser optimiser = r->checkpoint.info.options.optimiser;
    size_t count = clcnn__safetensors_count(r->file);
    if (count == tensor_count(&r->layers, optimiser))
        return CLCNN_SUCCESS;
    for (size_t i = 0; i < count; ++i) {
        const char *name = clcnn__safetensors_at(r->file, i)->name;
        if (visit_tensors(&r->layers, optimiser, not_this, (void *)(uintptr_t)name) ==
            CLCNN_SUCCESS)
            return BAD(r, "%s: tensor \"%s\" does not belong to its network", r->path, name);
    }
    return CLCNN_SUCCESS;
}

static clcnn_status read_all(struct reading *r)
{
    clcnn_status status = read_format(r);
    if (!status)
        status = read_fields(r);
    if (!status)
        status = read_network(r);
    if (status)
        return status;
    /* The sizes are believed only as far as the file can hold them. */
    size_t most = 0;
    for (size_t i = 0; i < clcnn__safetensors_count(r->file); ++i)
        most += clcnn__safetensors_at(r->file, i)->count;
    if (r->layers.values > most)
        return BAD(r, "%s: its network has %zu values, its tensors have %zu elements", r->path,
                   r->layers.values, most);
    for (int i = 0; i < 3; ++i) {
        r->checkpoint.arrays[i] = calloc(r->layers.values + 1, sizeof(float));
        if (!r->checkpoint.arrays[i])
            return no_memory(r->error);
    }
    status = visit_tensors(&r->layers, r->checkpoint.info.options.optimiser, read_tensor, r);
    return status ? status : refuse_others(r);
}

clcnn_status clcnn__checkpoint_read(const char *path, clcnn__checkpoint *checkpoint,
                                    clcnn_error *error)
{
    struct reading r = {.path = path, .error = error};
    clcnn_status status = clcnn__safetensors_open(path, &r.file, error);
    if (!status)
        status = read_all(&r);
    clcnn__safetensors_close(r.file);
    clcnn__layers_destroy(&r.layers);
    if (status)
        clcnn__checkpoint_free(&r.checkpoint);
    else
        *checkpoint = r.checkpoint;
    return status;
}

clcnn_status clcnn_checkpoint_read_info(const char *path, clcnn_checkpoint_info *info,
                                        clcnn_error *error)
{
    if (!path || !info)
        return CLCNN__INVALID(error, "clcnn_checkpoint_read_info: %s is NULL",
                              !path ? "path" : "info");
    clcnn__checkpoint checkpoint;
    clcnn_status status = clcnn__checkpoint_read(path, &checkpoint, error);
    if (status)
        return status;
    *info = checkpoint.info;
    checkpoint.info = (clcnn_checkpoint_info){0}; /* it has moved */
    clcnn__checkpoint_free(&checkpoint);
    return CLCNN_SUCCESS;
}

/* ---- Writing ------------------------------------------------------------------------------ */

struct writing {
    const clcnn__checkpoint *checkpoint;
    clcnn__safetensors_tensor *tensors;
    char (*names)[CLCNN__SAFETENSORS_MAX_NAME];
    size_t count;
    clcnn__safetensors_meta meta[METADATA];
    char texts[FIELDS][TEXT];
    char data[sizeof((clcnn_checkpoint_info){0}.data)];
    clcnn_error *error;
};

static clcnn_status add_tensor(void *user, const char *name, const clcnn__parameter *parameter,
                               int array)
{
    struct writing *w = user;
    const float *data = w->checkpoint->arrays[array] + parameter->packed;
    size_t where;
    if (find_bad(data, parameter, array, &where))
        return CLCNN__INVALID(w->error,
                              "not saved: \"%s\" has become %g at element %zu; a smaller learning "
                              "rate may help",
                              name, (double)data[where], where);
    clcnn__safetensors_tensor *tensor = &w->tensors[w->count];
    *tensor = (clcnn__safetensors_tensor){
        .name = w->names[w->count], .dtype = CLCNN__F32, .rank = parameter->rank, .data = data};
    strcpy(w->names[w->count], name);
    for (int i = 0; i < parameter->rank; ++i)
        tensor->shape[i] = (size_t)parameter->shape[i];
    ++w->count;
    return CLCNN_SUCCESS;
}

/* Names are folders, which may be anything; metadata are UTF-8. */
static void add_data_name(struct writing *w)
{
    strcpy(w->data, w->checkpoint->info.data);
    json_t *valid = json_string(w->data);
    for (char *at = w->data; !valid && *at; ++at)
        if ((unsigned char)*at > 126)
            *at = '?';
    json_decref(valid);
}

static clcnn_status add_metadata(struct writing *w)
{
    size_t n = 0;
    add_data_name(w);
    w->meta[n++] = (clcnn__safetensors_meta){"format", FORMAT};
    w->meta[n++] = (clcnn__safetensors_meta){"format_version", VERSION};
    w->meta[n++] = (clcnn__safetensors_meta){"layers", w->checkpoint->info.layers};
    w->meta[n++] = (clcnn__safetensors_meta){"data", w->data};
    for (int i = 0; i < FIELDS; ++i) {
        if (!print_field(&fields[i], w->checkpoint, w->texts[i]))
            return no_memory(w->error);
        w->meta[n++] = (clcnn__safetensors_meta){fields[i].key, w->texts[i]};
    }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__checkpoint_write(const char *path, const clcnn__checkpoint *checkpoint,
                                     clcnn_error *error)
{
    const clcnn_checkpoint_info *info = &checkpoint->info;
    clcnn__layers layers;
    clcnn_status status = clcnn__layers_create(
        info->layers, (clcnn__shape){info->c, info->h, info->w}, &layers, error);
    if (status)
        return status;
    const clcnn_optimiser optimiser = info->options.optimiser;
    size_t count = tensor_count(&layers, optimiser);
    struct writing *w = calloc(1, sizeof *w);
    if (w) {
        w->checkpoint = checkpoint;
        w->error = error;
        w->tensors = calloc(count, sizeof *w->tensors);
        w->names = calloc(count, sizeof *w->names);
    }
    status = w && w->tensors && w->names ? CLCNN_SUCCESS : no_memory(error);
    if (!status)
        status = visit_tensors(&layers, optimiser, add_tensor, w);
    if (!status)
        status = add_metadata(w);
    if (!status)
        status = clcnn__safetensors_write(path, w->tensors, count, w->meta, METADATA, error);
    if (w) {
        free(w->tensors);
        free(w->names);
    }
    free(w);
    clcnn__layers_destroy(&layers);
    return status;
}
