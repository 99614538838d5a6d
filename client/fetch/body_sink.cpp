#include "client/fetch/body_sink.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <stdexcept>

#include "common/printable.hpp"

namespace weir::load {

namespace {

constexpr std::size_t kLongestPart = 80;

/// Fit for a file's name, wherever it came from.
std::string safe_part(std::string_view text) {
  std::string part(text.substr(0, kLongestPart));
  std::replace_if(
      part.begin(), part.end(),
      [](char c) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        return !plain && c != '.' && c != '-' && c != '_';
      },
      '_');
  return part;
}

std::string last_part(const Url& url) {
  const std::string path = url.target.substr(0, url.target.find('?'));
  const std::string last = path.substr(path.rfind('/') + 1);
  return last.empty() ? "index" : safe_part(last);
}

bool is_directory_name(const std::string& output) {
  std::error_code error;
  return output.ends_with('/') || std::filesystem::is_directory(output, error);
}

}  // namespace

void check_output(const std::string& output, std::size_t urls) {
  if (urls < 2 || is_directory_name(output)) return;
  throw std::invalid_argument("--output: " + in_quotes(output) + " is one file for " + std::to_string(urls) +
                              " URLs; name a directory, such as " + (output == "-" ? "pages" : output) + "/");
}

OutputPlace::OutputPlace(const std::string& output, std::size_t urls)
    : output_(output), directory_(is_directory_name(output)), digits_(std::to_string(urls).size()) {
  if (!directory_) return;
  std::error_code error;
  std::filesystem::create_directories(output, error);
  if (error) throw std::runtime_error("cannot make the directory " + in_quotes(output) + ": " + error.message());
  if (!output_.ends_with('/')) output_ += '/';
}

std::string OutputPlace::path_for(std::size_t index, const Url& url) const {
  if (!directory_) return output_;
  std::string number = std::to_string(index + 1);
  number.insert(0, digits_ - std::min(digits_, number.size()), '0');
  return output_ + number + "-" + safe_part(url.host) + "-" + last_part(url);
}

int BodySink::open() {
  if (path_.empty()) return 0;
  file_ = io::Descriptor(path_ == "-" ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                                      : ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  return file_ ? 0 : errno;
}

int BodySink::write(std::string_view bytes) {
  while (file_ && !bytes.empty()) {
    const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

int BodySink::close() {
  const int fd = file_.release();
  return fd >= 0 && ::close(fd) != 0 ? errno : 0;
}

}  // namespace weir::load
