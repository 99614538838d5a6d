# Writes a source that holds a file's bytes: cmake -DINPUT=… -DOUTPUT=… -P embed_file.cmake
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x[0-9a-f,x]{0,95},)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT}
     "// Written by CMake from server/admin/page/index.html.
#include \"server/admin/page.hpp\"

namespace weir::admin {
namespace {

constexpr unsigned char kPage[] = {
${bytes}};

}  // namespace

std::string_view page_text() { return {reinterpret_cast<const char*>(kPage), sizeof kPage}; }

}  // namespace weir::admin
")
