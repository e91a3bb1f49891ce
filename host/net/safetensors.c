/*
 * The safetensors format, see safetensors.h. A file is opened in three stages: the header is read
 * (its length held against the file's), each entry is checked on its own, and then all of them
 * together, so that every byte after the header belongs to exactly one tensor. Only then is memory
 * taken for the data: no more than the file is long.
 *
 * JSON is jansson's work, with duplicate keys refused.
 */
#include "safetensors.h"

#include "file.h"
#include "internal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the data of a safetensors file are little-endian and are read and written as they lie"
#endif

#define METADATA "__metadata__"
#define ALIGNMENT 16 /* of each tensor in memory, as malloc aligns */

/* A tensor and the bytes of the data that are its own. */
typedef struct entry {
    clcnn__safetensors_tensor tensor;
    uint64_t begin, end;
} entry;

struct clcnn__safetensors {
    json_t *root; /* owns names, keys and values */
    entry *entries;
    size_t count;
    clcnn__safetensors_meta *meta;
    size_t meta_count;
    unsigned char *data;
};

/* What is being read, and where failures go. */
typedef struct reader {
    clcnn__input in;
    uint64_t header; /* bytes of the header */
    uint64_t data;   /* bytes after it */
    clcnn__safetensors *st;
    clcnn_error *error;
} reader;

#define BAD(r, format, ...)                                                                        \
    CLCNN__FAIL((r)->error, CLCNN_BAD_FILE, "%.400s: " format, (r)->in.path, __VA_ARGS__)
#define NO_MEMORY(error, what) CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for %s", what)

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
#define ROW(constant, name, size) [constant] = {name, size},
    CLCNN__DTYPE_MAP(ROW)
#undef ROW
};
enum { DTYPE_COUNT = sizeof dtypes / sizeof *dtypes };

const char *clcnn__dtype_name(clcnn__dtype dtype)
{
    return dtypes[dtype].name;
}

size_t clcnn__dtype_size(clcnn__dtype dtype)
{
    return dtypes[dtype].size;
}

/* A piece of a text from a file, fit to be printed. */
typedef struct quoted {
    char text[161];
} quoted;

static quoted quote(const char *text)
{
    quoted q;
    size_t i = 0;
    for (; text[i] && i + 1 < sizeof q.text; ++i)
        q.text[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    q.text[i] = '\0';
    return q;
}

/* NULL when a name or key is fine, else what is wrong with it. */
static const char *name_fault(const char *name)
{
    size_t length = strlen(name);
    if (length == 0)
        return "is empty";
    if (length > CLCNN__SAFETENSORS_MAX_NAME)
        return "is longer than 128 characters";
    for (size_t i = 0; i < length; ++i)
        if (name[i] < ' ' || name[i] > '~')
            return "has characters other than printable ASCII";
    return NULL;
}

/* *product *= factor; false when that is more than `most`. factor >= 1. */
static bool multiply(uint64_t *product, uint64_t factor, uint64_t most)
{
    if (*product > most / factor)
        return false;
    *product *= factor;
    return true;
}

/* ---- Reading: the header --------------------------------------------------------------------- */

/* Reads the header's length and holds it against the file's. */
static clcnn_status read_length(reader *r)
{
    unsigned char bytes[8];
    uint64_t size = r->in.size, length = 0;
    if (size < sizeof bytes + 2)
        return BAD(r, "it is %llu bytes long, and the shortest safetensors file has 10",
                   (unsigned long long)size);
    if (size > CLCNN__SAFETENSORS_MAX_FILE || size > SIZE_MAX / 2)
        return BAD(r, "it is %llu bytes long, more than the %llu that are read",
                   (unsigned long long)size, (unsigned long long)CLCNN__SAFETENSORS_MAX_FILE);
    clcnn_status status = clcnn__input_read(&r->in, bytes, sizeof bytes, r->error);
    if (status != CLCNN_SUCCESS)
        return status;
    for (int i = 7; i >= 0; --i)
        length = length << 8 | bytes[i];
    if (length > size - sizeof bytes)
        return BAD(r, "its header is %llu bytes long by its own account, but %llu bytes follow",
                   (unsigned long long)length, (unsigned long long)(size - sizeof bytes));
    if (length < 2 || length > CLCNN__SAFETENSORS_MAX_HEADER)
        return BAD(r, "its header is %llu bytes long, not 2 to %d", (unsigned long long)length,
                   CLCNN__SAFETENSORS_MAX_HEADER);
    r->header = length;
    r->data = size - sizeof bytes - length;
    return CLCNN_SUCCESS;
}

/* Parses the header's text: one JSON object, then nothing but spaces. */
static clcnn_status parse_header(reader *r, const char *text)
{
    size_t length = (size_t)r->header;
    while (length > 0 && text[length - 1] == ' ')
        --length;
    if (length == 0 || text[0] != '{')
        return BAD(r, "its header begins with byte 0x%02x, not with {", (unsigned char)text[0]);
    if (text[length - 1] != '}')
        return BAD(r, "its header ends with byte 0x%02x, not with } and spaces",
                   (unsigned char)text[length - 1]);
    json_error_t fault;
    r->st->root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &fault);
    if (r->st->root)
        return CLCNN_SUCCESS;
    /* most of jansson's failures to get memory have no text and no code of their own */
    if (json_error_code(&fault) == json_error_out_of_memory || !fault.text[0])
        return NO_MEMORY(r->error, "the header of a safetensors file");
    if (json_error_code(&fault) == json_error_duplicate_key)
        return BAD(r, "its header has the same key twice: %s", quote(fault.text).text);
    return BAD(r, "its header is not valid JSON at byte %d: %s", fault.position,
               quote(fault.text).text);
}

static clcnn_status read_header(reader *r)
{
    char *text = malloc((size_t)r->header);
    if (!text)
        return NO_MEMORY(r->error, "the header of a safetensors file");
    clcnn_status status = clcnn__input_read(&r->in, text, (size_t)r->header, r->error);
    if (status == CLCNN_SUCCESS)
        status = parse_header(r, text);
    free(text);
    return status;
}

static clcnn_status read_metadata(reader *r, json_t *object)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return BAD(r, "its %s is not an object", METADATA);
    clcnn__safetensors_meta *meta = calloc(json_object_size(object) + 1, sizeof *meta);
    if (!meta)
        return NO_MEMORY(r->error, "metadata");
    r->st->meta = meta;
    json_object_foreach(object, key, value)
    {
        const char *fault = name_fault(key);
        if (fault)
            return BAD(r, "the metadata key \"%s\" %s", quote(key).text, fault);
        if (!json_is_string(value))
            return BAD(r, "the metadata of key \"%s\" are not a text", quote(key).text);
        meta[r->st->meta_count++] = (clcnn__safetensors_meta){key, json_string_value(value)};
    }
    return CLCNN_SUCCESS;
}

/* ---- Reading: one tensor --------------------------------------------------------------------- */

static clcnn_status read_dtype(reader *r, entry *e, json_t *value)
{
    const char *name = json_string_value(value);
    if (!name)
        return BAD(r, "tensor \"%s\" has no dtype that is a text", e->tensor.name);
    for (int i = 0; i < DTYPE_COUNT; ++i) {
        if (!strcmp(name, dtypes[i].name)) {
            e->tensor.dtype = (clcnn__dtype)i;
            return CLCNN_SUCCESS;
        }
    }
    return BAD(r, "tensor \"%s\" has dtype \"%s\"; F32, F64, I32, I64 and U8 are read",
               e->tensor.name, quote(name).text);
}

static clcnn_status read_shape(reader *r, entry *e, json_t *value)
{
    clcnn__safetensors_tensor *t = &e->tensor;
    if (!json_is_array(value))
        return BAD(r, "tensor \"%s\" has no shape that is a list", t->name);
    size_t rank = json_array_size(value);
    if (rank > CLCNN__SAFETENSORS_MAX_RANK)
        return BAD(r, "tensor \"%s\" has %zu dimensions, more than %d", t->name, rank,
                   CLCNN__SAFETENSORS_MAX_RANK);
    for (size_t i = 0; i < rank; ++i) {
        json_t *item = json_array_get(value, i);
        json_int_t size = json_integer_value(item);
        if (!json_is_integer(item))
            return BAD(r, "tensor \"%s\": size %zu of its shape is not an integer", t->name, i);
        if (size < 1 || (uint64_t)size > SIZE_MAX)
            return BAD(r, "tensor \"%s\": size %zu of its shape is %lld, not 1 or more", t->name, i,
                       (long long)size);
        t->shape[i] = (size_t)size;
    }
    uint64_t count = 1;
    for (size_t i = 0; i < rank; ++i)
        if (!multiply(&count, t->shape[i], r->data))
            return BAD(r, "tensor \"%s\" has more elements by its shape than the file has bytes",
                       t->name);
    t->rank = (int)rank;
    t->count = (size_t)count;
    return CLCNN_SUCCESS;
}

static clcnn_status read_offsets(reader *r, entry *e, json_t *value)
{
    const char *name = e->tensor.name;
    uint64_t at[2];
    if (!json_is_array(value) || json_array_size(value) != 2)
        return BAD(r, "tensor \"%s\" has no data_offsets that are a list of two", name);
    for (size_t i = 0; i < 2; ++i) {
        json_t *item = json_array_get(value, i);
        if (!json_is_integer(item))
            return BAD(r, "tensor \"%s\": its data_offsets are not integers", name);
        if (json_integer_value(item) < 0)
            return BAD(r, "tensor \"%s\": its data_offsets have %lld, less than 0", name,
                       (long long)json_integer_value(item));
        at[i] = (uint64_t)json_integer_value(item);
    }
    if (at[1] < at[0])
        return BAD(r, "tensor \"%s\" ends at %llu, before it begins at %llu", name,
                   (unsigned long long)at[1], (unsigned long long)at[0]);
    if (at[1] > r->data)
        return BAD(r, "tensor \"%s\" ends at %llu, but there are %llu bytes of data", name,
                   (unsigned long long)at[1], (unsigned long long)r->data);
    e->begin = at[0];
    e->end = at[1];
    return CLCNN_SUCCESS;
}

/* The fields of a tensor; all of them must be there, and no other. */
static const struct {
    const char *name;
    clcnn_status (*read)(reader *r, entry *e, json_t *value);
} fields[] = {{"dtype", read_dtype}, {"shape", read_shape}, {"data_offsets", read_offsets}};
enum { FIELD_COUNT = sizeof fields / sizeof *fields };

static clcnn_status read_tensor(reader *r, const char *name, json_t *object)
{
    entry *e = &r->st->entries[r->st->count];
    const char *fault = name_fault(name);
    if (fault)
        return BAD(r, "the tensor name \"%s\" %s", quote(name).text, fault);
    if (!json_is_object(object))
        return BAD(r, "tensor \"%s\" is not described by an object", name);
    e->tensor.name = name;
    for (int i = 0; i < FIELD_COUNT; ++i) {
        json_t *value = json_object_get(object, fields[i].name);
        if (!value)
            return BAD(r, "tensor \"%s\" has no %s", name, fields[i].name);
        clcnn_status status = fields[i].read(r, e, value);
        if (status != CLCNN_SUCCESS)
            return status;
    }
    if (json_object_size(object) != FIELD_COUNT)
        return BAD(r, "tensor \"%s\" has %zu fields; dtype, shape and data_offsets are all it may",
                   name, json_object_size(object));
    /* count is at most the file's length, so the product fits */
    uint64_t need = (uint64_t)e->tensor.count * dtypes[e->tensor.dtype].size;
    if (e->end - e->begin != need)
        return BAD(r, "tensor \"%s\" has %llu bytes of data where its shape and dtype make %llu",
                   name, (unsigned long long)(e->end - e->begin), (unsigned long long)need);
    ++r->st->count;
    return CLCNN_SUCCESS;
}

/* ---- Reading: all tensors -------------------------------------------------------------------- */

static int by_begin(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    return x->begin != y->begin ? (x->begin < y->begin ? -1 : 1)
                                : strcmp(x->tensor.name, y->tensor.name);
}

/* Every byte of the data belongs to exactly one tensor. */
static clcnn_status check_cover(reader *r)
{
    const clcnn__safetensors *st = r->st;
    uint64_t at = 0;
    qsort(st->entries, st->count, sizeof *st->entries, by_begin);
    for (size_t i = 0; i < st->count; ++i) {
        const entry *e = &st->entries[i];
        if (e->begin < at)
            return BAD(r, "tensor \"%s\" begins at %llu, inside tensor \"%s\", which ends at %llu",
                       e->tensor.name, (unsigned long long)e->begin, st->entries[i - 1].tensor.name,
                       (unsigned long long)at);
        if (e->begin > at)
            return BAD(r, "the %llu bytes before tensor \"%s\" belong to no tensor",
                       (unsigned long long)(e->begin - at), e->tensor.name);
        at = e->end;
    }
    if (at != r->data)
        return BAD(r, "the last %llu bytes belong to no tensor",
                   (unsigned long long)(r->data - at));
    return CLCNN_SUCCESS;
}

static clcnn_status read_entries(reader *r)
{
    clcnn__safetensors *st = r->st;
    const char *name;
    json_t *value;
    st->entries = calloc(json_object_size(st->root) + 1, sizeof *st->entries);
    if (!st->entries)
        return NO_MEMORY(r->error, "the list of tensors");
    json_object_foreach(st->root, name, value)
    {
        clcnn_status status =
            !strcmp(name, METADATA) ? read_metadata(r, value) : read_tensor(r, name, value);
        if (status != CLCNN_SUCCESS)
            return status;
    }
    return check_cover(r);
}

static size_t aligned(uint64_t size)
{
    return (size_t)((size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
}

/* In the file a tensor lies at any byte; in memory each one is aligned. */
static clcnn_status read_data(reader *r)
{
    clcnn__safetensors *st = r->st;
    size_t total = 1, at = 0;
    for (size_t i = 0; i < st->count; ++i)
        total += aligned(st->entries[i].end - st->entries[i].begin);
    st->data = malloc(total);
    if (!st->data)
        return CLCNN__FAIL(r->error, CLCNN_OUT_OF_MEMORY, "%.400s: no memory for its %zu bytes",
                           r->in.path, total);
    for (size_t i = 0; i < st->count; ++i) {
        entry *e = &st->entries[i];
        size_t size = (size_t)(e->end - e->begin);
        clcnn_status status = clcnn__input_read(&r->in, st->data + at, size, r->error);
        if (status != CLCNN_SUCCESS)
            return status;
        e->tensor.data = st->data + at;
        at += aligned(size);
    }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__safetensors_open(const char *path, clcnn__safetensors **st, clcnn_error *error)
{
    *st = NULL;
    if (!path)
        return CLCNN__INVALID(error, "the name of the file to read is NULL");
    reader r = {.error = error};
    clcnn_status status = clcnn__input_open(path, &r.in, error);
    if (status != CLCNN_SUCCESS)
        return status;
    r.st = calloc(1, sizeof *r.st);
    status = r.st ? read_length(&r) : NO_MEMORY(error, "a safetensors file");
    if (status == CLCNN_SUCCESS)
        status = read_header(&r);
    if (status == CLCNN_SUCCESS)
        status = read_entries(&r);
    if (status == CLCNN_SUCCESS)
        status = read_data(&r);
    clcnn__input_close(&r.in);
    if (status == CLCNN_SUCCESS)
        *st = r.st;
    else
        clcnn__safetensors_close(r.st);
    return status;
}

void clcnn__safetensors_close(clcnn__safetensors *st)
{
    if (!st)
        return;
    json_decref(st->root);
    free(st->entries);
    free(st->meta);
    free(st->data);
    free(st);
}

/* ---- Looking things up ----------------------------------------------------------------------- */

size_t clcnn__safetensors_count(const clcnn__safetensors *st)
{
    return st->count;
}

const clcnn__safetensors_tensor *clcnn__safetensors_at(const clcnn__safetensors *st, size_t index)
{
    return index < st->count ? &st->entries[index].tensor : NULL;
}

const clcnn__safetensors_tensor *clcnn__safetensors_find(const clcnn__safetensors *st,
                                                         const char *name)
{
    for (size_t i = 0; i < st->count; ++i)
        if (!strcmp(st->entries[i].tensor.name, name))
            return &st->entries[i].tensor;
    return NULL;
}

size_t clcnn__safetensors_meta_count(const clcnn__safetensors *st)
{
    return st->meta_count;
}

const clcnn__safetensors_meta *clcnn__safetensors_meta_at(const clcnn__safetensors *st,
                                                          size_t index)
{
    return index < st->meta_count ? &st->meta[index] : NULL;
}

const char *clcnn__safetensors_metadata(const clcnn__safetensors *st, const char *key)
{
    for (size_t i = 0; i < st->meta_count; ++i)
        if (!strcmp(st->meta[i].key, key))
            return st->meta[i].value;
    return NULL;
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* What is to be written must be what the reader takes. */
static clcnn_status check_tensor(const clcnn__safetensors_tensor *t, uint64_t *bytes,
                                 clcnn_error *error)
{
    const char *fault = t->name ? name_fault(t->name) : "is NULL";
    const char *name = t->name ? t->name : "";
    if (fault || !strcmp(name, METADATA))
        return CLCNN__INVALID(error, "the tensor name \"%s\" %s", quote(name).text,
                              fault ? fault : "is the one that metadata have");
    if ((unsigned)t->dtype >= DTYPE_COUNT)
        return CLCNN__INVALID(error, "tensor \"%s\" has the unknown dtype %d", name, (int)t->dtype);
    if (t->rank < 0 || t->rank > CLCNN__SAFETENSORS_MAX_RANK)
        return CLCNN__INVALID(error, "tensor \"%s\" has rank %d, not 0 to %d", name, t->rank,
                              CLCNN__SAFETENSORS_MAX_RANK);
    if (!t->data)
        return CLCNN__INVALID(error, "tensor \"%s\" has no data", name);
    *bytes = dtypes[t->dtype].size;
    for (int i = 0; i < t->rank; ++i) {
        if (t->shape[i] < 1)
            return CLCNN__INVALID(error, "tensor \"%s\": size %d of its shape is 0", name, i);
        if (!multiply(bytes, t->shape[i], CLCNN__SAFETENSORS_MAX_FILE))
            return CLCNN__INVALID(error, "tensor \"%s\" is longer than %llu bytes", name,
                                  (unsigned long long)CLCNN__SAFETENSORS_MAX_FILE);
    }
    return CLCNN_SUCCESS;
}

/* Adds a tensor of `bytes` bytes at *at to the header, and its data to `piece`. */
static clcnn_status add_tensor(json_t *root, const clcnn__safetensors_tensor *t, uint64_t *at,
                               clcnn__piece *piece, clcnn_error *error)
{
    uint64_t bytes = 0;
    clcnn_status status = check_tensor(t, &bytes, error);
    if (status != CLCNN_SUCCESS)
        return status;
    if (json_object_get(root, t->name))
        return CLCNN__INVALID(error, "there are two tensors of the name \"%s\"", t->name);
    json_t *shape = json_array();
    for (int i = 0; i < t->rank; ++i)
        json_array_append_new(shape, json_integer((json_int_t)t->shape[i]));
    json_t *value = json_pack("{s:s, s:o, s:[I, I]}", "dtype", dtypes[t->dtype].name, "shape",
                              shape, "data_offsets", (json_int_t)*at, (json_int_t)(*at + bytes));
    if (!shape || json_array_size(shape) != (size_t)t->rank ||
        json_object_set_new(root, t->name, value) != 0)
        return NO_MEMORY(error, "the header of a safetensors file");
    *piece = (clcnn__piece){t->data, (size_t)bytes};
    *at += bytes;
    return CLCNN_SUCCESS;
}

static clcnn_status add_metadata(json_t *root, const clcnn__safetensors_meta *meta, size_t count,
                                 clcnn_error *error)
{
    json_t *object = json_object();
    if (json_object_set_new(root, METADATA, object) != 0)
        return NO_MEMORY(error, "metadata");
    for (size_t i = 0; i < count; ++i) {
        const char *key = meta[i].key ? meta[i].key : "";
        const char *fault = name_fault(key);
        if (fault)
            return CLCNN__INVALID(error, "the metadata key \"%s\" %s", quote(key).text, fault);
        if (json_object_get(object, key))
            return CLCNN__INVALID(error, "there are two metadata of the key \"%s\"", key);
        json_t *value = meta[i].value ? json_string(meta[i].value) : NULL;
        if (json_object_set_new(object, key, value) != 0)
            return CLCNN__INVALID(error, "the metadata of key \"%s\" are %s", key,
                                  meta[i].value ? "not UTF-8, or there is no memory" : "NULL");
    }
    return CLCNN_SUCCESS;
}

/* The header's text with the 8 bytes of its length before it, padded with spaces so that the data
 * begin at a multiple of 8. */
static clcnn_status make_header(const json_t *root, clcnn__piece *piece, clcnn_error *error)
{
    char *text = json_dumps(root, JSON_COMPACT);
    size_t length = text ? strlen(text) : 0;
    size_t padded = (length + 7) / 8 * 8;
    unsigned char *header = text ? malloc(8 + padded) : NULL;
    clcnn_status status = CLCNN_SUCCESS;
    if (!header) {
        status = NO_MEMORY(error, "the header of a safetensors file");
    } else if (padded > CLCNN__SAFETENSORS_MAX_HEADER) {
        status = CLCNN__INVALID(error, "the header would be %zu bytes long, more than %d", padded,
                                CLCNN__SAFETENSORS_MAX_HEADER);
        free(header);
    } else {
        for (int i = 0; i < 8; ++i)
            header[i] = (unsigned char)((uint64_t)padded >> (8 * i));
        memcpy(header + 8, text, length);
        memset(header + 8 + length, ' ', padded - length);
        *piece = (clcnn__piece){header, 8 + padded};
    }
    free(text);
    return status;
}

/* Fills pieces[0] with the header (to be freed) and the others with the tensors' data. */
static clcnn_status make_pieces(json_t *root, const clcnn__safetensors_tensor *tensors,
                                size_t tensor_count, const clcnn__safetensors_meta *meta,
                                size_t meta_count, clcnn__piece *pieces, clcnn_error *error)
{
    uint64_t at = 0;
    clcnn_status status = CLCNN_SUCCESS;
    if (meta_count > 0)
        status = add_metadata(root, meta, meta_count, error);
    for (size_t i = 0; i < tensor_count && status == CLCNN_SUCCESS; ++i) {
        status = add_tensor(root, &tensors[i], &at, &pieces[1 + i], error);
        if (status == CLCNN_SUCCESS &&
            at > CLCNN__SAFETENSORS_MAX_FILE - CLCNN__SAFETENSORS_MAX_HEADER - 8)
            status = CLCNN__INVALID(error,
                                    "the tensors up to \"%s\" are %llu bytes, too many for a file",
                                    tensors[i].name, (unsigned long long)at);
    }
    return status == CLCNN_SUCCESS ? make_header(root, &pieces[0], error) : status;
}

clcnn_status clcnn__safetensors_write(const char *path, const clcnn__safetensors_tensor *tensors,
                                      size_t tensor_count, const clcnn__safetensors_meta *meta,
                                      size_t meta_count, clcnn_error *error)
{
    if (!path)
        return CLCNN__INVALID(error, "the name of the file to write is NULL");
    if (tensor_count && !tensors)
        return CLCNN__INVALID(error, "there are to be %zu tensors, but they are NULL",
                              tensor_count);
    if (meta_count && !meta)
        return CLCNN__INVALID(error, "there are to be %zu metadata, but they are NULL", meta_count);
    json_t *root = json_object();
    clcnn__piece *pieces = calloc(tensor_count + 1, sizeof *pieces);
    clcnn_status status =
        root && pieces ? make_pieces(root, tensors, tensor_count, meta, meta_count, pieces, error)
                       : NO_MEMORY(error, "the header of a safetensors file");
    if (status == CLCNN_SUCCESS)
        status = clcnn__file_replace(path, pieces, tensor_count + 1, error);
    if (pieces)
        free((void *)pieces[0].data);
    free(pieces);
    json_decref(root);
    return status;
}
