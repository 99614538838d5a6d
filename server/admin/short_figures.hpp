#pragma once

#include <chrono>
#include <optional>
#include <string>

/// Figures in as few columns as they can be read in.
namespace weir::admin {

/// `512`, `1.2K`, `35M`: bytes or bytes a second, with binary units.
std::string short_size(double bytes);
/// `12ms`, `1.5s`, `45s`, `12m`, `5h20m`, `3d4h`.
std::string short_duration(std::chrono::milliseconds duration);
/// `0`, `0.4`, `12`, `1200`: things a second.
std::string short_rate(double rate);
/// `250 us`, `2.5 ms`, `1 s`: a bound of a histogram, in seconds.
std::string bound_duration(double seconds);
/// `1 connection`, `2 connections`.
std::string counted(double count, const std::string& thing);

}  // namespace weir::admin
