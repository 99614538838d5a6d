#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#include <csignal>
#include <string>

#include "tests/support/checkout.hpp"
#include "tests/support/fake_backend.hpp"

/// `weir-load chat` on a terminal; load_client_test.cpp has it with pipes and files.
namespace weir::test {
namespace {

using testing::HasSubstr;

/// A chat on a pseudo-terminal of 80 columns, and the person at it.
class TerminalChat {
 public:
  explicit TerminalChat(const std::string& target) {
    const std::string program = built_program("weir-load");
    int master = -1;
    int slave = -1;
    winsize size{24, 80, 0, 0};
    if (::openpty(&master, &slave, nullptr, nullptr, &size) != 0) throw std::runtime_error("no pseudo-terminal");
    master_ = io::Descriptor(master);
    slave_ = io::Descriptor(slave);
    ::fcntl(master, F_SETFD, FD_CLOEXEC);
    ::fcntl(slave, F_SETFD, FD_CLOEXEC);
    pid_ = ::fork();
    if (pid_ != 0) return;
    // Only what is safe between fork(2) and exec(2).
    ::setsid();
    ::ioctl(slave, TIOCSCTTY, 0);
    for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(slave, fd);
    const char* const environment[] = {"TERM=xterm", "LANG=C", "HOME=/nonexistent", nullptr};
    const char* const arguments[] = {"weir-load", "chat", target.c_str(), nullptr};
    ::execve(program.c_str(), const_cast<char* const*>(arguments), const_cast<char* const*>(environment));
    ::_exit(127);
  }
  ~TerminalChat() {
    if (pid_ > 0 && !ended_) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  TerminalChat(const TerminalChat&) = delete;
  TerminalChat& operator=(const TerminalChat&) = delete;

  void type(std::string_view keys) const {
    ASSERT_EQ(::write(master_.get(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  void signal(int number) const { ::kill(pid_, number); }

  /// What was shown since the last call, up to and with the text.
  std::string shown_until(const std::string& text) {
    for (;;) {
      const std::size_t found = shown_.find(text);
      if (found != std::string::npos) {
        std::string front = shown_.substr(0, found + text.size());
        shown_.erase(0, front.size());
        return front;
      }
      if (!read_more()) throw std::runtime_error("\"" + text + "\" was never shown, but \"" + shown_ + "\"");
    }
  }
  std::string rest() {
    while (read_more()) {
    }
    return std::exchange(shown_, "");
  }

  int exit_status() {
    int status = -1;
    const bool gone = wait_until([&] {
      read_more(0);  // a full terminal would hold it up
      return ::waitpid(pid_, &status, WNOHANG) == pid_;
    });
    ended_ = gone;
    return !gone ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  /// Whether it shows what is typed and takes whole lines, as a shell finds it.
  bool restored() const {
    termios settings{};
    return ::tcgetattr(slave_.get(), &settings) == 0 && (settings.c_lflag & ICANON) != 0 &&
           (settings.c_lflag & ECHO) != 0;
  }

 private:
  bool read_more(int bound_ms = static_cast<int>(std::chrono::milliseconds(kHang).count())) {
    pollfd readable{master_.get(), POLLIN, 0};
    if (::poll(&readable, 1, bound_ms) != 1) return false;
    char bytes[4096];
    const ssize_t count = ::read(master_.get(), bytes, sizeof bytes);
    if (count <= 0) return false;
    shown_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  io::Descriptor master_;
  io::Descriptor slave_;
  pid_t pid_ = -1;
  bool ended_ = false;
  std::string shown_;
};

constexpr const char* kUp = "\x1b[A";
constexpr const char* kLeft = "\x1b[D";
constexpr const char* kEnd = "\x04";  // Ctrl-D

TEST(LoadChat, LinesAreEditedAndCalledUpAgain) {
  TestListener server;
  TerminalChat chat(server.address());
  Peer peer = server.accept();
  chat.shown_until("> ");
  EXPECT_FALSE(chat.restored());
  chat.type("hxx\x7f\x7fi\r");
  EXPECT_EQ(peer.receive_exactly(3), "hi\n");
  chat.type(std::string("ac") + kLeft + "b\r");
  EXPECT_EQ(peer.receive_exactly(4), "abc\n");
  chat.type(std::string(kUp) + kUp + "!\r");
  EXPECT_EQ(peer.receive_exactly(4), "hi!\n");
  chat.type("gr\xc3\xbc\xc3\x9f\x7fn\r");
  EXPECT_EQ(peer.receive_exactly(6), "gr\xc3\xbcn\n");
}

TEST(LoadChat, RepliesAreShownAboveTheLineThatIsTyped) {
  TestListener server;
  TerminalChat chat(server.address());
  Peer peer = server.accept();
  chat.shown_until("> ");
  chat.type("hel");
  chat.shown_until("hel");
  peer.send_all("news\nmore\n");
  EXPECT_EQ(chat.shown_until("more\r\n"), "\r\x1b[Jnews\r\nmore\r\n");
  chat.shown_until("> hel");
  chat.type("lo\r");
  EXPECT_EQ(peer.receive_exactly(6), "hello\n");
}

TEST(LoadChat, AnUnfinishedReplyIsThePrompt) {
  TestListener server;
  TerminalChat chat(server.address());
  Peer peer = server.accept();
  chat.shown_until("> ");
  peer.send_all("welcome\nlog");
  chat.shown_until("welcome\r\n");
  chat.shown_until("log");
  peer.send_all("in: ");
  chat.shown_until("login: ");
  chat.type("me\r");
  EXPECT_EQ(peer.receive_exactly(3), "me\n");
  chat.shown_until("> ");
}

TEST(LoadChat, CtrlDEndsTheTypingAndTheRepliesGoOn) {
  TestListener server;
  TerminalChat chat(server.address());
  Peer peer = server.accept();
  chat.shown_until("> ");
  chat.type("last\r");
  chat.type(kEnd);
  const Received received = peer.receive_until_end();
  EXPECT_EQ(received.bytes, "last\n");
  EXPECT_EQ(received.ending, Ending::fin);
  peer.send_all("bye\n");
  chat.shown_until("bye\r\n");
  peer.close();
  EXPECT_EQ(chat.exit_status(), 0);
  EXPECT_TRUE(chat.restored());
}

TEST(LoadChat, TheTerminalIsGivenBackHoweverItEnds) {
  TestListener server;
  {
    TerminalChat chat(server.address());
    Peer peer = server.accept();
    chat.shown_until("> ");
    chat.type("hel");
    chat.shown_until("hel");
    peer.close();
    EXPECT_EQ(chat.exit_status(), 0);
    EXPECT_TRUE(chat.restored()) << "after the peer's FIN";
  }
  {
    TerminalChat chat(server.address());
    Peer peer = server.accept();
    chat.shown_until("> ");
    peer.reset();
    EXPECT_EQ(chat.exit_status(), 1);
    EXPECT_TRUE(chat.restored()) << "after a RST";
  }
  {
    TerminalChat chat(server.address());
    Peer peer = server.accept();
    chat.shown_until("> ");
    chat.type("\x03");  // Ctrl-C
    EXPECT_EQ(chat.exit_status(), 0);
    EXPECT_TRUE(chat.restored()) << "after Ctrl-C";
  }
  {
    TerminalChat chat(server.address());
    Peer peer = server.accept();
    chat.shown_until("> ");
    chat.signal(SIGTERM);
    EXPECT_EQ(chat.exit_status(), 0);
    EXPECT_TRUE(chat.restored()) << "after SIGTERM";
  }
}

TEST(LoadChat, ALineOfSeveralRowsSurvivesAReply) {
  TestListener server;
  TerminalChat chat(server.address());
  Peer peer = server.accept();
  chat.shown_until("> ");
  const std::string line(200, 'x');
  chat.type(line + "y");
  chat.shown_until("y");
  peer.send_all("news\n");
  EXPECT_THAT(chat.shown_until("news\r\n"), HasSubstr("\r\x1b[2A\x1b[J"));  // two rows up, and all below is gone
  chat.type("\r");
  EXPECT_EQ(peer.receive_exactly(202), line + "y\n");
}

}  // namespace
}  // namespace weir::test
