/*
 * Networks that have a name. A preset is nothing but a description and the image it was made for.
 */
#include "net.h"

#include <string.h>

static const clcnn_net_preset presets[] = {
    /* LeNet-5 (LeCun and others, 1998) as it is built today: ReLU, max-pooling, no C3 table */
    {"lenet5",
     "conv 6 5x5 pad 2, relu, maxpool 2, conv 16 5x5, relu, maxpool 2, flatten, "
     "dense 120, relu, dense 84, relu, dense 10",
     1, 28, 28},
    {NULL, NULL, 0, 0, 0},
};

const clcnn_net_preset *clcnn_net_presets(void)
{
    return presets;
}

const clcnn_net_preset *clcnn__preset_find(const char *name)
{
    static const char white[] = " \t\r\n";
    name += strspn(name, white);
    size_t length = strcspn(name, white);
    if (name[length + strspn(name + length, white)] != '\0')
        return NULL;
    for (const clcnn_net_preset *preset = presets; preset->name; ++preset)
        if (strlen(preset->name) == length && memcmp(preset->name, name, length) == 0)
            return preset;
    return NULL;
}
