/* The library's version, and the names and sentences of its statuses. */
#include "internal.h"

#define STRING_(x) #x
#define STRING(x) STRING_(x)

const char *clcnn_version(void)
{
    return STRING(CLCNN_VERSION_MAJOR) "." STRING(CLCNN_VERSION_MINOR) "." STRING(
        CLCNN_VERSION_PATCH);
}

const char *clcnn_status_name(clcnn_status status)
{
    switch (status) {
#define CASE(name, value, sentence)                                                                \
    case name:                                                                                     \
        return #name;
        CLCNN_STATUS_MAP(CASE)
#undef CASE
    }
    return "unknown status";
}

const char *clcnn_status_string(clcnn_status status)
{
    switch (status) {
#define CASE(name, value, sentence)                                                                \
    case name:                                                                                     \
        return sentence;
        CLCNN_STATUS_MAP(CASE)
#undef CASE
    }
    return "unknown status";
}
