# cmake -DFILES=a|b|c -DLIST=clcnn__files -DOUTPUT=kernels.c -P embed_files.cmake
string(REPLACE "|" ";" FILES "${FILES}")
set(arrays "")
set(table "")
set(number 0)
foreach(path ${FILES})
  get_filename_component(name ${path} NAME)
  file(READ ${path} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(................................................................................)"
         "\\1\n    " bytes "${bytes}")
  string(APPEND arrays "static const unsigned char file_${number}[] = {\n    ${bytes}0x00};\n")
  string(APPEND table "    {\"${name}\", (const char *)file_${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT}.tmp "/* Made by cmake/embed_files.cmake. */
#include \"internal.h\"

extern const clcnn__file ${LIST}[];
${arrays}
const clcnn__file ${LIST}[] = {
${table}    {NULL, NULL}};
")
file(COPY_FILE ${OUTPUT}.tmp ${OUTPUT} ONLY_IF_DIFFERENT)
file(REMOVE ${OUTPUT}.tmp)
file(TOUCH_NOCREATE ${OUTPUT})
