#pragma once

#include <map>
#include <string>
#include <string_view>

namespace weir::manuals {

/// What stands for what in the frame of a manual: `@VERSION@` anywhere, and a line `@VERBS@` for whole parts.
using Parts = std::map<std::string, std::string, std::less<>>;

/// Puts the parts into a frame. Throws std::invalid_argument where the frame names a part that there is not, or has no
/// place for one.
std::string fill_frame(std::string_view frame, const Parts& parts);

/// The version. There is no date, since a build's time is not that of a manual; debian/rules puts in the commit's.
Parts common_parts();

}  // namespace weir::manuals
