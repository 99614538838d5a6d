#include "client/workload/line_editor.hpp"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

// It needs stdio's FILE before it.
#include <cstdio>
// clang-format off
#include <editline/readline.h>
// clang-format on

#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <cwchar>

#include "common/printable.hpp"

namespace weir::load {

namespace {

constexpr const char* kPrompt = "> ";
/// A longer last line of the other side is no prompt.
constexpr std::size_t kLongestPrompt = 60;
constexpr int kLongestHistory = 1000;

LineEditor* g_active = nullptr;

void put(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

/// How many columns the text takes, where a control character is shown as `^X`.
std::size_t columns(std::string_view text) {
  std::mbstate_t state{};
  std::size_t total = 0;
  while (!text.empty()) {
    wchar_t character = 0;
    const std::size_t length = std::mbrtowc(&character, text.data(), text.size(), &state);
    if (length == 0 || length > text.size()) {
      state = {};
      text.remove_prefix(1);
      total += 2;
      continue;
    }
    text.remove_prefix(length);
    const int width = ::wcwidth(character);
    total += width < 0 ? 2 : static_cast<std::size_t>(width);
  }
  return total;
}

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool fit_for_a_prompt(std::string_view text) {
  return !text.empty() && text.size() <= kLongestPrompt &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 127; });
}

}  // namespace

bool LineEditor::usable() {
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1 && terminal != nullptr && *terminal != '\0' &&
         std::strcmp(terminal, "dumb") != 0;
}

LineEditor::LineEditor() {
  // Characters of more than one byte can be edited in any locale.
  const char* locale = std::setlocale(LC_CTYPE, "");
  if (locale == nullptr || std::strcmp(::nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");
  g_active = this;
  using_history();
  stifle_history(kLongestHistory);
  install();
}

LineEditor::~LineEditor() {
  close();
  g_active = nullptr;
}

void LineEditor::close() {
  if (!installed_) return;
  if (cursor_columns_ == 0 && unfinished_.empty()) {
    erase();
  } else {
    put("\n");
  }
  std::fflush(stdout);
  rl_callback_handler_remove();
  installed_ = false;
  ended_ = true;
}

void LineEditor::install() {
  cursor_columns_ = 0;
  rl_callback_handler_install(unfinished_.empty() ? kPrompt : unfinished_.c_str(), &LineEditor::on_line);
  installed_ = true;
}

void LineEditor::take_key(std::string& lines) {
  lines_ = &lines;
  rl_callback_read_char();
  lines_ = nullptr;
  if (installed_) {
    const auto end = static_cast<std::size_t>(std::max(rl_point, 0));
    cursor_columns_ =
        rl_line_buffer == nullptr ? 0 : columns({rl_line_buffer, std::min(end, std::strlen(rl_line_buffer))});
  } else if (!ended_) {
    install();
  }
}

/// libedit has given the terminal back by now, and moved to the next row.
void LineEditor::on_line(char* line) {
  LineEditor& editor = *g_active;
  editor.installed_ = false;
  editor.unfinished_.clear();
  if (line == nullptr) {
    editor.ended_ = true;
    rl_callback_handler_remove();
    put("\r\x1b[J");  // the prompt, and the ^D behind it
    std::fflush(stdout);
    return;
  }
  editor.lines_->append(line).append("\n");
  if (*line != '\0' && editor.last_ != line) {
    add_history(line);
    editor.last_ = line;
  }
  std::free(line);  // NOLINT(cppcoreguidelines-no-malloc): libedit's
}

void LineEditor::erase() const {
  const std::size_t prompt = unfinished_.empty() ? std::strlen(kPrompt) : unfinished_.size();
  const std::size_t rows = (prompt + cursor_columns_) / terminal_columns();
  put("\r");
  if (rows > 0) put("\x1b[" + std::to_string(rows) + "A");
  put("\x1b[J");
}

void LineEditor::show(std::string_view text) {
  if (!installed_) {
    put(text);
    std::fflush(stdout);
    return;
  }
  erase();
  std::string all = unfinished_;
  all += text;
  const std::size_t newline = all.rfind('\n');
  const std::size_t begin = newline == std::string::npos ? 0 : newline + 1;
  unfinished_ = all.substr(begin);
  if (fit_for_a_prompt(unfinished_)) {
    all.resize(begin);
  } else if (!unfinished_.empty()) {
    all += '\n';
    unfinished_.clear();
  }
  put(all);
  std::fflush(stdout);
  rl_set_prompt(unfinished_.empty() ? kPrompt : unfinished_.c_str());
  rl_forced_update_display();
}

}  // namespace weir::load
