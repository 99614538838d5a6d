#pragma once

#include <string_view>

#include "common/faults/fault.hpp"

/// The words of a fault's choices, in configurations and in JSON. An enumerator without a word does not compile.
namespace weir::faults {

constexpr std::string_view word_of(Way way) {
  switch (way) {
    case Way::upstream:
      return "upstream";
    case Way::downstream:
      return "downstream";
    case Way::both:
      return "both";
  }
  return "";
}

constexpr std::string_view word_of(Distribution distribution) {
  switch (distribution) {
    case Distribution::constant:
      return "constant";
    case Distribution::uniform:
      return "uniform";
    case Distribution::normal:
      return "normal";
    case Distribution::pareto:
      return "pareto";
  }
  return "";
}

constexpr std::string_view word_of(Fault::Key key) {
  switch (key) {
    case Fault::Key::connection:
      return "connection";
    case Fault::Key::source:
      return "source";
  }
  return "";
}

}  // namespace weir::faults
