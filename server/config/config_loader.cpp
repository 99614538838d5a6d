#include "server/config/config_loader.hpp"

#include <iterator>
#include <system_error>

#include "server/config/config_file.hpp"
#include "server/config/config_reader.hpp"
#include "server/config/tls_kinds.hpp"
#include "server/config/yaml_document.hpp"

namespace weir {

namespace {

/// Pipes and descriptors (`/dev/stdin`, `/proc/self/fd/3`) are in no folder of the configuration's.
std::filesystem::path folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  std::error_code unknown;
  const bool file = std::filesystem::is_regular_file(path, unknown);
  return file && *std::next(folder.begin()) != "dev" && *std::next(folder.begin()) != "proc" ? folder : "";
}

std::vector<std::string> files_named_by(const ServerConfig& config) {
  std::vector<std::string> files;
  for (const ListenerConfig& listener : config.listeners) {
    files.push_back(listener.access.allow_file);
    files.push_back(listener.access.deny_file);
  }
  if (config.admin) files.push_back(config.admin->token_file);
  return files;
}

std::vector<std::string> tls_files_named_by(const ServerConfig& config) {
  std::vector<std::string> files;
  for (const ListenerConfig& listener : config.listeners) {
    if (!listener.tls) continue;
    for (const tls::CertificateOptions& certificate : listener.tls->certificates) {
      files.insert(files.end(), {certificate.certificate, certificate.key});
    }
    files.insert(files.end(), {listener.tls->client_certificates.ca, listener.tls->client_certificates.crl});
  }
  for (const UpstreamConfig& upstream : config.upstreams) {
    if (!upstream.tls) continue;
    if (upstream.tls->ca != Authorities::kSystem) files.push_back(upstream.tls->ca);
    files.insert(files.end(), {upstream.tls->certificate, upstream.tls->key});
  }
  files.push_back(config.tls.ticket_keys.file);
  return files;
}

/// As absolute paths.
std::vector<std::string> watched_files(const ServerConfig& config, bool has_problems) {
  std::vector<std::string> files = files_named_by(config);
  if (has_problems) {
    const std::vector<std::string> more = tls_files_named_by(config);
    files.insert(files.end(), more.begin(), more.end());
  }
  std::erase(files, "");
  for (std::string& file : files) file = std::filesystem::absolute(file).string();
  return files;
}

}  // namespace

ServerConfig load_config_file(const std::string& path, std::span<const Override> overrides,
                              std::vector<std::string>* named) {
  return load_config_text(read_config_file(path), path, overrides, folder_of(path), named);
}

ServerConfig load_config_text(std::string_view text, const std::string& origin, std::span<const Override> overrides,
                              const std::filesystem::path& folder, std::vector<std::string>* named) {
  if (text.size() > kLargestConfigFile) {
    throw ConfigError({{origin, 0, 0, "", "is larger than 1 MiB, which no configuration needs"}});
  }
  YamlNode root = parse_yaml(text, origin);
  Problems problems;
  for (const Override& override : overrides) apply_override(root, override, problems);
  ServerConfig config = read_config(root, folder, problems);
  if (named != nullptr) *named = watched_files(config, !problems.empty());
  problems.throw_if_any();
  return config;
}

}  // namespace weir
