#pragma once

#include <string>
#include <string_view>

namespace weir::load {

/// Lines that a person types on the terminal that is both stdin and stdout: with editing and a history (libedit), and
/// with replies shown above the line that is being typed. At most one at a time, because libedit's state is global.
class LineEditor {
 public:
  /// Whether stdin and stdout are a terminal that lines can be edited on.
  static bool usable();

  /// Takes the terminal over and shows the prompt.
  LineEditor();
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// Takes one key; call it when stdin is readable. When it completes a line, the line with its newline is appended.
  void take_key(std::string& lines);
  /// Whether Ctrl-D was typed, or the terminal is gone.
  bool ended() const { return ended_; }

  /// Gives the terminal back as it was; what is shown afterwards is only written.
  void close();

  /// Shows what the other side sent. A last line without a newline, such as `login: `, becomes the prompt of what is
  /// typed until it is continued.
  void show(std::string_view text);

 private:
  static void on_line(char* line);
  void install();
  /// Removes the prompt and what was typed from the screen. The cursor is then where the prompt began.
  void erase() const;

  std::string unfinished_;          ///< the other side's last line, as far as it has come
  std::size_t cursor_columns_ = 0;  ///< of what was typed, up to the cursor
  std::string* lines_ = nullptr;    ///< while a key is taken
  std::string last_;                ///< line of the history
  bool installed_ = false;
  bool ended_ = false;
};

}  // namespace weir::load
