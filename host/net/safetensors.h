/*
 * Reading and writing safetensors: a file of named arrays that Python opens as well. It holds the
 * checkpoints of networks and the golden cases of the tests.
 *
 * The format: 8 bytes little-endian length of the header, the header in JSON ({"name": {"dtype",
 * "shape", "data_offsets": [begin, end]}, ..., "__metadata__": {"key": "text"}}), then the data,
 * little-endian and dense. A file comes from anywhere, so reading believes nothing: all sizes are
 * held against the length of the file before memory is asked for, and whatever is not plainly right
 * is refused with a sentence (CLCNN_BAD_FILE). This is stricter than the format asks: no tensor of
 * zero elements, names of printable ASCII, the five data types below.
 */
#ifndef CLCNN_SAFETENSORS_H
#define CLCNN_SAFETENSORS_H

#include "clcnn.h"

enum {
    CLCNN__SAFETENSORS_MAX_RANK = 8,
    CLCNN__SAFETENSORS_MAX_NAME = 128,      /* characters of a tensor's name or a metadata key */
    CLCNN__SAFETENSORS_MAX_HEADER = 1 << 20 /* bytes */
};
/* Bytes of the longest file that is read or written. */
#define CLCNN__SAFETENSORS_MAX_FILE (UINT64_C(4) << 30)

/* X(constant, name in the file, bytes of an element) */
#define CLCNN__DTYPE_MAP(X)                                                                        \
    X(CLCNN__F32, "F32", 4)                                                                        \
    X(CLCNN__F64, "F64", 8)                                                                        \
    X(CLCNN__I32, "I32", 4)                                                                        \
    X(CLCNN__I64, "I64", 8)                                                                        \
    X(CLCNN__U8, "U8", 1)

typedef enum clcnn__dtype {
#define CLCNN__DTYPE_ENUM(constant, name, size) constant,
    CLCNN__DTYPE_MAP(CLCNN__DTYPE_ENUM)
#undef CLCNN__DTYPE_ENUM
} clcnn__dtype;

const char *clcnn__dtype_name(clcnn__dtype dtype);
size_t clcnn__dtype_size(clcnn__dtype dtype);

typedef struct clcnn__safetensors_tensor {
    const char *name;
    clcnn__dtype dtype;
    int rank;                                  /* 0: a single number */
    size_t shape[CLCNN__SAFETENSORS_MAX_RANK]; /* each >= 1 */
    size_t count;                              /* product of the shape; the writer works it out */
    const void *data;                          /* aligned for every type */
} clcnn__safetensors_tensor;

typedef struct clcnn__safetensors_meta {
    const char *key, *value; /* UTF-8 */
} clcnn__safetensors_meta;

typedef struct clcnn__safetensors clcnn__safetensors;

/* Reads and checks a whole file. On failure *st is NULL and nothing is left behind. */
clcnn_status clcnn__safetensors_open(const char *path, clcnn__safetensors **st, clcnn_error *error);
/* Frees all that came from the file; NULL is fine. */
void clcnn__safetensors_close(clcnn__safetensors *st);

/* Everything below lives until close. Tensors are numbered as their data lie in the file. */
size_t clcnn__safetensors_count(const clcnn__safetensors *st);
const clcnn__safetensors_tensor *clcnn__safetensors_at(const clcnn__safetensors *st, size_t index);
/* By name; NULL if there is none. */
const clcnn__safetensors_tensor *clcnn__safetensors_find(const clcnn__safetensors *st,
                                                         const char *name);
/* Metadata are numbered as they stand in the header. */
size_t clcnn__safetensors_meta_count(const clcnn__safetensors *st);
const clcnn__safetensors_meta *clcnn__safetensors_meta_at(const clcnn__safetensors *st,
                                                          size_t index);
/* By key; NULL if there is none. */
const char *clcnn__safetensors_metadata(const clcnn__safetensors *st, const char *key);

/*
 * Writes a file that holds the tensors and the metadata in the order given; the same input makes
 * the same bytes. The old file at `path` stays as it was until the new one is complete on disk
 * (temporary file in the same folder, fsync, rename, fsync of the folder): a crash or a failure
 * leaves the old file or the new one. What could not be read back is refused before anything is
 * written: CLCNN_INVALID_ARGUMENT. Failures of the file system are CLCNN_BAD_FILE.
 */
clcnn_status clcnn__safetensors_write(const char *path, const clcnn__safetensors_tensor *tensors,
                                      size_t tensor_count, const clcnn__safetensors_meta *meta,
                                      size_t meta_count, clcnn_error *error);

#endif
