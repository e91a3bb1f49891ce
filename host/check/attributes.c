/* The attributes of golden files: text to descriptor fields, by the operation's table. */
#include "golden.h"

#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static clcnn_status set_kind(const check_attribute *a, const char *value, check_desc *desc,
                             clcnn_error *error)
{
    for (int i = 0; check_activation_name((clcnn_activation_kind)i); i++) {
        if (strcmp(value, check_activation_name((clcnn_activation_kind)i)) == 0) {
            *(clcnn_activation_kind *)((char *)desc + a->offset[0]) = (clcnn_activation_kind)i;
            return CLCNN_SUCCESS;
        }
    }
    return CLCNN__FAIL(error, CLCNN_BAD_FILE, "\"%s\" is no kind of activation", value);
}

/* Reads one number that ends at ',' or the end of the text; NULL where there is none. */
static const char *read_number(check_field_type type, const char *text, double *value)
{
    const char *digits = type == CHECK_DOUBLE ? "+-.0123456789eE" : "-0123456789";
    const size_t length = strspn(text, digits);
    char *end = NULL;
    errno = 0;
    *value = strtod(text, &end);
    return length > 0 && end == text + length && errno == 0 ? end : NULL;
}

static void set_number(const check_attribute *a, int i, double value, check_desc *desc)
{
    char *field = (char *)desc + a->offset[i];
    if (a->type == CHECK_INT)
        *(int *)field = (int)value;
    else if (a->type == CHECK_INT64)
        *(int64_t *)field = (int64_t)value;
    else
        *(double *)field = value;
}

static clcnn_status set_numbers(const check_attribute *a, const char *value, check_desc *desc,
                                clcnn_error *error)
{
    const char *at = value;
    for (int i = 0; i < a->count; i++) {
        double number = 0;
        const char *end = read_number(a->type, at, &number);
        if (!end || *end != (i + 1 < a->count ? ',' : '\0'))
            return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                               "the attribute %s is \"%.80s\", not %d number%s", a->name, value,
                               a->count, a->count == 1 ? "" : "s");
        if (number < a->low || number > a->high)
            return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                               "the attribute %s has %.17g, not from %.17g to %.17g", a->name,
                               number, a->low, a->high);
        set_number(a, i, number, desc);
        at = end + 1;
    }
    return CLCNN_SUCCESS;
}

static clcnn_status set_word(const check_attribute *a, const char *value, check_desc *desc,
                             clcnn_error *error)
{
    for (int i = 0; a->words[i]; i++) {
        if (strcmp(value, a->words[i]) == 0) {
            *(int *)((char *)desc + a->offset[0]) = i;
            return CLCNN_SUCCESS;
        }
    }
    return CLCNN__FAIL(error, CLCNN_BAD_FILE, "the attribute %s is \"%.80s\", which it can't be",
                       a->name, value);
}

static clcnn_status set(const check_attribute *a, const char *value, check_desc *desc,
                        clcnn_error *error)
{
    if (a->type == CHECK_WORD)
        return set_word(a, value, desc, error);
    return a->type == CHECK_ACTIVATION_KIND ? set_kind(a, value, desc, error)
                                            : set_numbers(a, value, desc, error);
}

static bool known(const check_op *op, const char *name)
{
    const check_attribute *a = op->attributes;
    while (a && a->name && strcmp(a->name, name) != 0)
        a++;
    return a && a->name;
}

clcnn_status check_golden_attributes(const check_op *op, const clcnn__safetensors *st,
                                     check_desc *desc, clcnn_error *error)
{
    clcnn_status unsupported = CLCNN_SUCCESS;
    for (size_t i = 0; i < clcnn__safetensors_meta_count(st); i++) {
        const char *key = clcnn__safetensors_meta_at(st, i)->key;
        if (strcmp(key, "op") != 0 && !known(op, key))
            return CLCNN__FAIL(error, CLCNN_BAD_FILE, "%s has no attribute \"%s\"", op->name, key);
    }
    for (const check_attribute *a = op->attributes; a && a->name; a++) {
        const char *value = clcnn__safetensors_metadata(st, a->name);
        if (!value && a->required)
            return CLCNN__FAIL(error, CLCNN_BAD_FILE, "the attribute %s is missing", a->name);
        value = value ? value : a->otherwise;
        if (!value)
            continue;
        /* A file that is wrong as well as unsupported is wrong. */
        const clcnn_status status = set(a, value, desc, error);
        if (status == CLCNN_UNSUPPORTED)
            unsupported = status;
        else if (status != CLCNN_SUCCESS)
            return status;
    }
    return unsupported;
}
