#include "client/command_line/verb.hpp"

#include <stdexcept>

#include "common/printable.hpp"
#include "common/units.hpp"

namespace weir::load {

void add(CLI::App& app, const char* names, std::function<void(const std::string&)> store) {
  app.add_option_function<std::string>(names, [store = std::move(store), names](const std::string& text) {
    try {
      store(text);
    } catch (const std::invalid_argument& error) {
      const std::string_view all(names);
      throw CLI::ValidationError(std::string(all.substr(all.rfind(',') + 1)), error.what());
    }
  });
}

CLI::Option* add_target(CLI::App& app, Address& target) {
  return app
      .add_option_function<std::string>("TARGET",
                                        [&app, &target](const std::string& text) {
                                          try {
                                            target = parse_address(text, AddressUse::target);
                                          } catch (const std::invalid_argument& error) {
                                            // An unknown option leaves its value behind in TARGET's place.
                                            if (app.remaining_size() != 0) throw CLI::ExtrasError(app.remaining());
                                            throw CLI::ValidationError("TARGET", error.what());
                                          }
                                        })
      ->required();
}

void add_address(CLI::App& app, const char* name, Address& address) {
  add(app, name, [&address](const std::string& text) { address = parse_address(text, AddressUse::target); });
}

void leave_out(CLI::App& app, std::initializer_list<const char*> options) {
  for (const char* option : options) app.remove_option(app.get_option(option));
}

bool is_given(const CLI::App& app, const char* option) {
  const CLI::Option* const found = app.get_option_no_throw(option);
  return found != nullptr && found->count() != 0;
}

std::uint64_t number(const std::string& text, std::uint64_t least, std::uint64_t most) {
  const std::uint64_t count = parse_count(text);
  if (count < least || count > most) {
    throw std::invalid_argument("is " + std::to_string(least) + " to " + std::to_string(most) + ", not " + text);
  }
  return count;
}

std::chrono::microseconds positive_duration(const std::string& text) {
  const std::chrono::microseconds duration = parse_duration(text);
  if (duration <= std::chrono::microseconds(0)) throw std::invalid_argument("must be longer than nothing, as in 10s");
  return duration;
}

bool one_of(const std::string& text, std::string_view yes, std::string_view no) {
  if (text == yes) return true;
  if (text == no) return false;
  throw std::invalid_argument("is " + std::string(no) + " or " + std::string(yes) + ", not " + in_quotes(text));
}

}  // namespace weir::load
