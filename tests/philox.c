/*
 * Philox: the known answers that its authors published with Random123 (kat_vectors, philox 4x32
 * with 10 rounds), and what is built on it.
 */
#include "philox.h"

#include "harness.h"

#include <string.h>

typedef struct known {
    clcnn__philox_counter counter;
    clcnn__philox_key key;
    clcnn__philox_counter answer;
} known;

static const known answers[] = {
    {{{0, 0, 0, 0}}, {{0, 0}}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
    {{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
     {{0xffffffff, 0xffffffff}},
     {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
    {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
     {{0xa4093822, 0x299f31d0}},
     {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
};

static void known_answers(void)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; ++i) {
        clcnn__philox_counter got = clcnn__philox(answers[i].counter, answers[i].key);
        CHECK(memcmp(&got, &answers[i].answer, sizeof got) == 0, "%zu: %08x %08x %08x %08x", i,
              got.v[0], got.v[1], got.v[2], got.v[3]);
    }
}

/* Seed, stream and index are the key and the halves of the counter, low words first. */
static void numbering(void)
{
    clcnn__philox_counter got = clcnn__philox_at(
        UINT64_C(0x299f31d0a4093822), UINT64_C(0x0370734413198a2e), UINT64_C(0x85a308d3243f6a88));
    CHECK(memcmp(&got, &answers[2].answer, sizeof got) == 0, "%08x %08x %08x %08x", got.v[0],
          got.v[1], got.v[2], got.v[3]);
}

static void floats_are_below_one(void)
{
    CHECK(clcnn__philox_float(0) == 0.0f, "%g", (double)clcnn__philox_float(0));
    CHECK(clcnn__philox_float(0xffffffff) == 1 - 0x1p-24f, "%a",
          (double)clcnn__philox_float(0xffffffff));
    CHECK(clcnn__philox_float(0x80000000) == 0.5f, "%a", (double)clcnn__philox_float(0x80000000));
}

static void integers_are_below_n(void)
{
    CHECK(clcnn__philox_below(0xffffffff, 1) == 0, "n = 1");
    CHECK(clcnn__philox_below(0, 10) == 0 && clcnn__philox_below(0xffffffff, 10) == 9, "n = 10");
    CHECK(clcnn__philox_below(0xffffffff, 0xffffffff) == 0xfffffffe, "n = 2^32 - 1");
}

static const harness_test tests[] = {{"known answers", known_answers},
                                     {"numbering", numbering},
                                     {"floats are below one", floats_are_below_one},
                                     {"integers are below n", integers_are_below_n},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("philox", tests);
}
