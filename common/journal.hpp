#pragma once

#include <string>
#include <string_view>

/// systemd's journal as the reader of stderr: it keeps the time of each line itself, and takes its priority from a
/// prefix (sd-daemon(3)).
namespace weir {

/// As in syslog(3).
enum class Priority { critical = 2, error = 3, warning = 4, info = 6, debug = 7 };

/// Whether stderr is still the stream of the journal that the service manager connected: $JOURNAL_STREAM names its
/// device and inode (systemd.exec(5)). Any thread.
bool stderr_is_journal();

/// `<3>`.
std::string priority_prefix(Priority priority);

/// The text for stderr, with the prefix in front of each line where the journal reads it.
std::string for_stderr(std::string_view text, Priority priority);

}  // namespace weir
