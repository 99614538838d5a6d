# Writes a source that holds a file's bytes behind a function:
#
#     cmake -DINPUT=… -DOUTPUT=… -DHEADER=server/admin/page.hpp -DNAMESPACE=weir::admin -DFUNCTION=page_text -P embed_file.cmake
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x[0-9a-f,x]{0,95},)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT}
     "// Written by CMake.
#include \"${HEADER}\"

namespace ${NAMESPACE} {
namespace {

constexpr unsigned char kBytes[] = {
${bytes}};

}  // namespace

std::string_view ${FUNCTION}() { return {reinterpret_cast<const char*>(kBytes), sizeof kBytes}; }

}  // namespace ${NAMESPACE}
")
