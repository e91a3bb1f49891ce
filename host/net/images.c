/* Images in host memory, whoever read or drew them. */
#include "clcnn_net.h"

#include <stdlib.h>

void clcnn_images_free(clcnn_images *images)
{
    if (!images)
        return;
    free(images->pixels);
    free(images->labels);
    *images = (clcnn_images){0};
}
