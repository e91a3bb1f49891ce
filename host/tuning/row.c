/* A tuning row as numbers: read from the text of clcnn_ctx_tuning, changed, written again. */
#include "tuning.h"

#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS = 5 };

/* The next word at *at; "" at the end of the line or text. */
static void next_word(const char **at, char *word, size_t size)
{
    *at += strspn(*at, " ");
    const size_t length = strcspn(*at, " \n");
    snprintf(word, size, "%.*s", (int)length, *at);
    *at += length;
}

clcnn_status tuning_row_of(clcnn_ctx *ctx, const tuning_class *class, tuning_row *row,
                           clcnn_error *error)
{
    char text[TUNING_TEXT], word[32];
    const clcnn_status status =
        clcnn_ctx_tuning(ctx, class->op, class->algo, class->shape, text, sizeof text);
    *row = (tuning_row){.count = 0};
    if (status != CLCNN_SUCCESS) {
        *error = *clcnn_last_error(ctx);
        return status;
    }
    const char *names = text, *values = strchr(text, '\n') + 1;
    for (int i = 0; i < KEYS; i++)
        next_word(&names, word, sizeof word);
    next_word(&values, row->algo, sizeof row->algo);
    next_word(&values, row->device, sizeof row->device);
    next_word(&values, row->width, sizeof row->width);
    next_word(&values, row->shape, sizeof row->shape);
    next_word(&values, word, sizeof word);
    row->use = atoi(word);
    for (next_word(&names, word, sizeof word); word[0] != '\0' && row->count < TUNING_MAX_MACROS;
         next_word(&names, word, sizeof word)) {
        memcpy(row->names[row->count], word, sizeof word);
        next_word(&values, word, sizeof word);
        row->values[row->count++] = atoi(word);
    }
    return CLCNN_SUCCESS;
}

void tuning_row_header(const tuning_row *row, char text[TUNING_TEXT])
{
    size_t used = (size_t)snprintf(text, TUNING_TEXT, "algo device width shape use");
    for (int i = 0; i < row->count; i++)
        used += (size_t)snprintf(text + used, TUNING_TEXT - used, " %s", row->names[i]);
}

void tuning_row_values(const tuning_row *row, char text[TUNING_TEXT])
{
    size_t used = (size_t)snprintf(text, TUNING_TEXT, "%s %s %s %s %d", row->algo, row->device,
                                   row->width, row->shape, row->use);
    for (int i = 0; i < row->count; i++)
        used += (size_t)snprintf(text + used, TUNING_TEXT - used, " %d", row->values[i]);
}

void tuning_row_words(const tuning_row *row, char text[TUNING_TEXT])
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < row->count; i++)
        used += (size_t)snprintf(text + used, TUNING_TEXT - used, "%s%s %d", i > 0 ? " " : "",
                                 row->names[i], row->values[i]);
}

bool tuning_row_equal(const tuning_row *a, const tuning_row *b)
{
    return a->use == b->use && a->count == b->count &&
           memcmp(a->values, b->values, (size_t)a->count * sizeof *a->values) == 0;
}

int *tuning_row_value(tuning_row *row, const char *macro)
{
    for (int i = 0; i < row->count; i++)
        if (strcmp(row->names[i], macro) == 0)
            return &row->values[i];
    return NULL;
}

bool tuning_row_set(tuning_row *row, const tuning_class *class, const tuning_knob *knob, int value)
{
    int *to = tuning_row_value(row, knob->macro);
    if (to == NULL)
        return false;
    *to = value;
    for (const tuning_knob *k = class->knobs; k->macro != NULL; k++) {
        int *multiple = tuning_row_value(row, k->macro);
        const int *of = k->multiple_of != NULL ? tuning_row_value(row, k->multiple_of) : NULL;
        if (multiple != NULL && of != NULL && *of > 0)
            *multiple = (*multiple + *of - 1) / *of * *of;
    }
    return true;
}
