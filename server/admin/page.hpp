#pragma once

#include <string>
#include <string_view>

#include "server/admin/reply.hpp"

namespace weir::admin {

/// The status page, page/index.html as it was when the program was built. CMake writes this function.
std::string_view page_text();

/// The headers that let a page use its own style and script, and talk to where it comes from, and nothing else (Content
/// Security Policy, level 3). Its <style> and its <script> stand in it and are allowed by what they hold.
std::string page_policy(std::string_view page);

Reply page_reply();

}  // namespace weir::admin
