#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "client/fetch/url.hpp"
#include "common/io/descriptor.hpp"

namespace weir::load {

/// Throws std::invalid_argument when `output` is a single file (see OutputPlace) for several URLs.
void check_output(const std::string& output, std::size_t urls);

/// Where `--output` puts the bodies.
class OutputPlace {
 public:
  /// `output` is a file for one URL, `-` for stdout, or a directory for any number: one that exists, or a name that
  /// ends in `/`, which is made. Throws std::runtime_error when the directory cannot be made.
  OutputPlace(const std::string& output, std::size_t urls);

  /// The path for the body of the URL of that index; empty where bodies are not kept. In a directory it is
  /// `INDEX-HOST-NAME` with the index from 1 and the last part of the URL's path, where every byte but letters, digits,
  /// `.`, `-` and `_` becomes `_`: it never depends on what the other side sent, and never leaves the directory.
  std::string path_for(std::size_t index, const Url& url) const;

 private:
  std::string output_;
  bool directory_ = false;
  std::size_t digits_ = 1;
};

/// Takes the bytes of one body: writes them to a file that is made with the first open(), or throws them away.
class BodySink {
 public:
  /// Nothing is kept if the path is empty; `-` is stdout.
  explicit BodySink(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  /// 0 or an errno value. A file that is there is replaced.
  int open();
  /// 0 or an errno value.
  int write(std::string_view bytes);
  /// Where the file system reports a late failure. 0 or an errno value.
  int close();

 private:
  std::string path_;
  io::Descriptor file_;
};

}  // namespace weir::load
