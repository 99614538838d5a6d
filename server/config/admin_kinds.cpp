#include "server/config/admin_kinds.hpp"

#include <optional>
#include <stdexcept>

#include "common/printable.hpp"
#include "common/secret_file.hpp"
#include "server/config/value_kinds.hpp"

namespace weir {
namespace {

constexpr std::string_view kOfNames =
    "abcdefghijklmnopqrstuvwxyz"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

}  // namespace

void AdminBind::read(const Value& value, Address& bind, Reading& reading) const {
  const std::optional<std::string> text = value.text("an address such as 127.0.0.1:9900");
  if (!text) return;
  try {
    bind = parse_address(*text, AddressUse::bind);
    reading.bound.add(bind, value);
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
}

void AdminBind::dump(TreeWriter& out, const Address& bind) const { dump_text(out, bind.to_string()); }

void TokenFilePath::read(const Value& value, std::string& path, Reading&) const {
  if (const auto text = value.text("the path of a file")) path = *text;
  if (path.empty()) return;
  if (has_control(path)) return value.fail(in_quotes(path) + " holds a control character; write a file's path");
  try {
    read_secret_file(path);
  } catch (const std::runtime_error& error) {
    value.fail(error.what());
  }
}

void TokenFilePath::dump(TreeWriter& out, const std::string& path) const { dump_text(out, path); }

void HostNames::read(const Value& value, std::vector<std::string>& hosts, Reading&) const {
  for (const Value& item : value.items_or_self()) {
    const auto text = item.text("a host name such as weir.internal");
    if (!text) continue;
    if (text->empty() || text->find_first_not_of(kOfNames) != std::string::npos) {
      item.fail(in_quotes(*text) + " is not a host name; write one without a port, such as weir.internal");
    } else {
      hosts.push_back(*text);
    }
  }
}

void HostNames::dump(TreeWriter& out, const std::vector<std::string>& hosts) const { dump_texts(out, hosts); }

void check_default_bind(MapReader& map, const AdminConfig& admin, Reading& reading) {
  if (!map.find("bind")) reading.bound.add(admin.bind, map.map());
}

void check_read_token(MapReader& map, const AdminConfig& admin, Reading&) {
  if (!admin.read_token || !admin.token_file.empty()) return;
  if (const auto read_token = map.find("read_token")) {
    read_token->fail("needs `token_file`; write the path of a file that holds the token");
  }
}

}  // namespace weir
