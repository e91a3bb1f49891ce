/*
 * Accuracy and confusion matrix of a network on labelled images.
 */
#include "net.h"

#include <string.h>

clcnn_status clcnn__check_images(const clcnn_net *net, const clcnn_images *images, const char *what,
                                 clcnn_error *error)
{
    const clcnn_net_desc *d = clcnn_net_get_desc(net);
    int classes = clcnn_net_classes(net);
    if (images->count < 1 || !images->pixels || !images->labels)
        return CLCNN__INVALID(error, "%s: %d images, pixels %s, labels %s", what, images->count,
                              images->pixels ? "given" : "NULL", images->labels ? "given" : "NULL");
    if (images->c != d->c || images->h != d->h || images->w != d->w)
        return CLCNN__INVALID(error, "%s: images are %d x %d x %d, the network takes %d x %d x %d",
                              what, images->c, images->h, images->w, d->c, d->h, d->w);
    if (images->classes < 1 || images->classes > classes)
        return CLCNN__INVALID(error, "%s: images have %d classes, the network has %d outputs", what,
                              images->classes, classes);
    for (int i = 0; i < images->count; ++i)
        if (images->labels[i] >= images->classes)
            return CLCNN__INVALID(error, "%s: label %d of image %d is not below the %d classes",
                                  what, images->labels[i], i, images->classes);
    return CLCNN_SUCCESS;
}

struct tally {
    const uint8_t *labels;
    int classes;
    int64_t right;
    int64_t *confusion;
};

/* The first of the largest logits; NaN is never larger. */
static int predicted(const float *logits, int classes)
{
    int best = 0;
    for (int i = 1; i < classes; ++i)
        if (logits[i] > logits[best])
            best = i;
    return best;
}

static clcnn_status count(void *user, int first, int n, const float *logits)
{
    struct tally *tally = user;
    for (int i = 0; i < n; ++i) {
        int label = tally->labels[first + i];
        int prediction = predicted(logits + (size_t)i * (size_t)tally->classes, tally->classes);
        tally->right += prediction == label;
        if (tally->confusion)
            ++tally->confusion[(size_t)label * (size_t)tally->classes + (size_t)prediction];
    }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__evaluate(clcnn_ctx *ctx, clcnn_net *net, clcnn__feed *feed,
                             const clcnn_images *images, double *accuracy, int64_t *confusion,
                             clcnn_error *error)
{
    clcnn_status status = clcnn__check_images(net, images, "evaluation", error);
    if (status)
        return status;
    struct tally tally = {images->labels, clcnn_net_classes(net), 0, confusion};
    size_t classes = (size_t)tally.classes;
    if (confusion)
        memset(confusion, 0, classes * classes * sizeof *confusion);
    status = clcnn__infer(ctx, net, feed, images->count, images->pixels, count, &tally, error);
    if (!status && accuracy)
        *accuracy = (double)tally.right / images->count;
    return status;
}
