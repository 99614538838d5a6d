#pragma once

#include <unistd.h>

#include <memory>
#include <string>

#include "tests/support/process.hpp"

namespace weir::test {

/// A real echo server that is killed and comes back at its address. Only this test uses the address, so that no
/// outgoing connection takes its port meanwhile.
class FlappingEcho {
 public:
  /// `number` distinguishes those of one test.
  explicit FlappingEcho(int number) {
    const int pid = ::getpid();
    host_ = "127." + std::to_string(100 + number) + "." + std::to_string(pid >> 8 & 0xff) + "." +
            std::to_string(pid & 0xff);
    start();
  }

  const std::string& address() const { return address_; }

  /// Returns once it is ready.
  void start() {
    const std::string bind = address_.empty() ? host_ + ":0" : address_;
    process_ = std::make_unique<Process>("weir", std::vector<std::string>{"echo", bind, "--set", "workers=1"});
    const std::string line = process_->wait_for_error_line("listening on ");
    process_->wait_for_error_line(R"(\bready\b)");
    const std::size_t begin = line.find(host_ + ":");
    address_ = line.substr(begin, line.find_first_of(" \t", begin) - begin);
  }

  /// SIGKILL: its connections end as the kernel ends them, and its port refuses.
  void kill() {
    process_->signal(9);
    process_->wait_exit();
  }

 private:
  std::string host_;
  std::string address_;
  std::unique_ptr<Process> process_;
};

}  // namespace weir::test
