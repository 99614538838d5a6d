#include "server/admin/watch.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <thread>
#include <utility>

#include "server/admin/short_figures.hpp"

namespace weir::admin {

namespace {

/// The alternate screen, without a cursor and without wrapping long lines; xterm's control sequences, which every
/// terminal of today knows.
constexpr std::string_view kEnter = "\033[?1049h\033[?25l\033[?7l";
constexpr std::string_view kLeave = "\033[?7h\033[?25h\033[?1049l";

extern "C" void restore_terminal_and_leave(int) {
  if (::isatty(STDOUT_FILENO) == 1 && ::write(STDOUT_FILENO, kLeave.data(), kLeave.size()) < 0) ::_exit(1);
  ::_exit(0);
}

bool print(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

class Screen {
 public:
  Screen() : terminal_(::isatty(STDOUT_FILENO) == 1) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
      struct sigaction action{};
      action.sa_handler = restore_terminal_and_leave;
      ::sigaction(signal, &action, nullptr);
    }
    if (terminal_) print(kEnter);
  }
  ~Screen() {
    if (terminal_) print(kLeave);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  bool show(std::string_view text) const {
    if (!terminal_) return print(std::string(text) + "\n");
    winsize size{};
    const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1;
    return print(screen_of(text, known ? size.ws_row : 24));
  }

 private:
  bool terminal_;
};

std::string clock_text(WatchView::Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  char text[16];
  return std::string(text, std::strftime(text, sizeof text, "%H:%M:%S", &local));
}

}  // namespace

std::string WatchView::answered(std::string text) {
  away_ = false;
  last_ = std::move(text);
  return last_;
}

std::string WatchView::away(std::string_view why, Time now, const TextStyle& style) {
  if (!std::exchange(away_, true)) since_ = now;
  const auto age = std::chrono::floor<std::chrono::seconds>(now - since_);
  std::string text = paragraph(why, Colour::red, style) + "No answer since " + clock_text(since_) +
                     (age.count() > 0 ? ", for " + short_duration(age) : "") + ".\n";
  if (!last_.empty()) text += "\nThe last answer:\n\n" + last_;
  return text;
}

std::string screen_of(std::string_view text, std::size_t rows) {
  std::string screen = "\033[H";
  for (std::size_t row = 0; row < rows && !text.empty(); ++row) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    // A newline after the last row would scroll.
    screen += (row == 0 ? "" : "\n") + std::string(line) + "\033[K";
  }
  return screen + "\033[J";
}

void watch(const std::function<std::string()>& frame) {
  const Screen screen;
  while (screen.show(frame())) std::this_thread::sleep_for(std::chrono::seconds(1));
}

}  // namespace weir::admin
