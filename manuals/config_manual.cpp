#include "manuals/config_manual.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "manuals/frame.hpp"
#include "manuals/help_page.hpp"
#include "manuals/roff.hpp"

namespace weir::manuals {
namespace {

std::string top_of(const std::string& path) { return path.substr(0, path.find('.')); }

/// The last `count` names of a path; empty if it has no more than those.
std::string tail_of(const std::string& path, int count) {
  std::size_t at = path.size();
  for (; count > 0 && at != std::string::npos && at != 0; --count) at = path.rfind('.', at - 1);
  return at == std::string::npos || at == 0 ? "" : path.substr(at + 1);
}

/// How the manual calls a key within its section: `servers[].weight`.
std::string shown_name(const std::string& path) {
  std::string name = path.find('.') == std::string::npos ? path : path.substr(path.find('.') + 1);
  if (name.starts_with("N.")) name.erase(0, 2);
  for (std::size_t at = name.find(".N."); at != std::string::npos; at = name.find(".N.", at))
    name.replace(at, 3, "[].");
  return name;
}

class KeyPages {
 public:
  KeyPages(const Reference& reference, const std::vector<KeyType>& types) : keys_(reference.keys), types_(types) {
    for (const KeyType& type : types_) {
      const bool found =
          std::any_of(keys_.begin(), keys_.end(), [&](const auto& key) { return key.path == type.path; });
      if (!found) throw std::invalid_argument(fmt::format("the reference has no {}", type.path));
    }
  }

  std::string write() && {
    out_.macro("SS", {"The daemon"});
    for (const ReferenceKey& key : keys_) {
      if (!type_of(key).section) write_if_top(key);
    }
    for (const ReferenceKey& key : keys_) {
      if (key.path.find('.') != std::string::npos || !type_of(key).section) continue;
      out_.macro("SS", {key.path});
      out_.text(text_of_key(key));
      for (const ReferenceKey& inner : keys_) {
        if (inner.path != key.path && top_of(inner.path) == key.path) write_key(inner);
      }
    }
    return out_.source();
  }

 private:
  const KeyType& type_of(const ReferenceKey& key) const {
    const auto type =
        std::find_if(types_.begin(), types_.end(), [&key](const KeyType& one) { return one.path == key.path; });
    if (type == types_.end()) throw std::invalid_argument(fmt::format("there is no key {}", key.path));
    return *type;
  }

  void write_if_top(const ReferenceKey& key) {
    if (key.path.find('.') == std::string::npos) write_key(key);
  }

  void write_key(const ReferenceKey& key) {
    const KeyType& type = type_of(key);
    std::string head = fmt::format("\\fB{}\\fR", roff_escape(shown_name(key.path)));
    if (type.type != "section" && type.type != "list") {
      head += fmt::format(" (\\fI{}\\fR", roff_escape(type.type));
      if (type.missing == KeyType::Missing::is_error) head += "; required";
      if (type.missing == KeyType::Missing::has_default && !key.value.empty()) {
        head += fmt::format("; default \\fB{}\\fR", roff_escape(key.value));
      }
      head += ")";
    }
    out_.macro("TP");
    out_.raw(head);
    const std::string text = text_of_key(key);
    if (text != type.type + ".") out_.text(text);
  }

  /// What its comment says, or that it is as another with the same name in a section of the same name.
  std::string text_of_key(const ReferenceKey& key) const {
    if (!key.text.empty()) return key.text;
    for (const int names : {3, 2, 1}) {
      const std::string tail = tail_of(key.path, names);
      if (tail.empty()) continue;
      for (const ReferenceKey& other : keys_) {
        if (&other == &key) break;
        if (other.text.empty() || tail_of("." + other.path, names) != tail) continue;
        const std::string top = top_of(other.path);
        const std::string section = top == top_of(key.path) ? "above" : fmt::format("of `{}`", top);
        return fmt::format("As `{}` {}.", shown_name(other.path), section);
      }
    }
    if (key.path.ends_with(".name")) return "What it is called in logs, metrics and `--set`.";
    throw std::invalid_argument(fmt::format("nothing says what {} is for", key.path));
  }

  const std::vector<ReferenceKey>& keys_;
  const std::vector<KeyType>& types_;
  Roff out_;
};

/// The forms of values, which the reference begins with.
std::string write_values(const Reference& reference) {
  std::string text;
  for (const std::string& line : reference.preamble) text += line + "\n";
  Roff out;
  for (const HelpBlock& block : read_help(text)) {
    if (block.kind != HelpBlock::Kind::item) continue;
    out.macro("TP", {"12"});
    out.term(block.term);
    out.text(text_of(block));
  }
  return out.source();
}

}  // namespace

std::string config_manual(std::string_view frame, const Reference& reference, const std::vector<KeyType>& types) {
  Parts parts = common_parts();
  parts["VALUES"] = write_values(reference);
  parts["KEYS"] = KeyPages(reference, types).write();
  return fill_frame(frame, parts);
}

}  // namespace weir::manuals
