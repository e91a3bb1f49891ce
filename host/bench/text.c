/*
 * A case as a line of JSON: what peers read, whatever language they are written in. The
 * descriptor's fields go by their names in clcnn.h; those that are 0 are left out.
 */
#include "bench.h"

#include <string.h>

static json_t *field_to_json(const check_field *field, const check_desc *desc)
{
    const char *at = (const char *)desc + field->offset;
    switch (field->type) {
    case CHECK_INT: {
        const int value = *(const int *)(const void *)at;
        return value != 0 ? json_integer(value) : NULL;
    }
    case CHECK_INT64: {
        const int64_t value = *(const int64_t *)(const void *)at;
        return value != 0 ? json_integer(value) : NULL;
    }
    case CHECK_DOUBLE: {
        const double value = *(const double *)(const void *)at;
        return value < 0 || value > 0 ? json_real(value) : NULL;
    }
    case CHECK_ACTIVATION_KIND:
        return json_string(check_activation_name(*(const clcnn_activation_kind *)(const void *)at));
    case CHECK_WORD:
        break;
    }
    return NULL;
}

json_t *bench_case_to_json(const bench_case *c, const char *direction, double seconds)
{
    json_t *line =
        json_pack("{s:s, s:s, s:f}", "op", c->op, "direction", direction, "seconds", seconds);
    if (line != NULL && c->images > 0)
        json_object_set_new(line, "images", json_integer(c->images));
    const check_op *op = check_op_find(c->op);
    for (const check_field *field = op ? op->fields : NULL; line && field && field->name; field++) {
        json_t *value = field_to_json(field, &c->desc);
        if (value != NULL)
            json_object_set_new(line, field->name, value);
    }
    return line;
}

static bool kind_from_name(const char *name, clcnn_activation_kind *kind)
{
    for (int i = 0; check_activation_name((clcnn_activation_kind)i) != NULL; i++)
        if (strcmp(check_activation_name((clcnn_activation_kind)i), name) == 0) {
            *kind = (clcnn_activation_kind)i;
            return true;
        }
    return false;
}

static bool field_from_json(json_t *value, const check_field *field, check_desc *desc)
{
    char *at = (char *)desc + field->offset;
    switch (field->type) {
    case CHECK_INT:
        if (!json_is_integer(value) || json_integer_value(value) > INT32_MAX ||
            json_integer_value(value) < INT32_MIN)
            return false;
        *(int *)(void *)at = (int)json_integer_value(value);
        return true;
    case CHECK_INT64:
        *(int64_t *)(void *)at = json_integer_value(value);
        return json_is_integer(value);
    case CHECK_DOUBLE:
        *(double *)(void *)at = json_number_value(value);
        return json_is_number(value);
    case CHECK_ACTIVATION_KIND:
        return json_is_string(value) &&
               kind_from_name(json_string_value(value), (clcnn_activation_kind *)(void *)at);
    case CHECK_WORD:
        break;
    }
    return false;
}

bool bench_case_from_json(json_t *line, bench_case *c, const char **direction, double *seconds,
                          char *why, size_t size)
{
    *c = (bench_case){.op = json_string_value(json_object_get(line, "op")),
                      .images = (int)json_integer_value(json_object_get(line, "images"))};
    *direction = json_string_value(json_object_get(line, "direction"));
    *seconds = json_number_value(json_object_get(line, "seconds"));
    if (c->op == NULL || *direction == NULL || !(*seconds > 0)) {
        snprintf(why, size, "a case has an 'op', a 'direction' and 'seconds' above 0");
        return false;
    }
    const check_op *op = check_op_find(c->op);
    for (const check_field *field = op ? op->fields : NULL; field && field->name; field++) {
        json_t *value = json_object_get(line, field->name);
        if (value != NULL && !field_from_json(value, field, &c->desc)) {
            snprintf(why, size, "'%s' is not what %s has there", field->name, c->op);
            return false;
        }
    }
    return true;
}
