#include "client/command_line/tls_arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/command_line/command_line.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::load {
namespace {

using testing::HasSubstr;

std::string complaint(const std::vector<std::string>& arguments) {
  try {
    parse_command_line(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no complaint";
}

std::optional<TlsOptions> tls_of_echo(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "echo");
  arguments.emplace_back("db.example:7000");
  return std::get<LoadOptions>(parse_command_line(arguments)).tls;
}

TEST(TlsArguments, WithoutTheOptionThereIsNone) { EXPECT_FALSE(tls_of_echo({})); }

TEST(TlsArguments, VerifyTheHostByTheSystemsCertificates) {
  const std::optional<TlsOptions> options = tls_of_echo({"--tls"});
  ASSERT_TRUE(options);
  const tls::ClientOptions client = options->to_client_options();
  EXPECT_EQ(client.verify, tls::ClientOptions::Verify::full);
  EXPECT_EQ(client.ca, "system");
  EXPECT_EQ(client.name, "");
  EXPECT_FALSE(options->resume);
}

TEST(TlsArguments, AreAllUnderstood) {
  const test::TempDir dir;
  const std::string ca = dir.write("ca.pem", "");
  const std::string own = dir.write("own.pem", "");
  const std::string key = dir.write("own.key", "");
  const std::optional<TlsOptions> options = tls_of_echo({"--tls", "--cacert", ca, "--sni", "site.test.", "--alpn",
                                                         "h2,http/1.1", "--cert", own, "--key", key, "--resume"});
  EXPECT_EQ(options, (TlsOptions{ca, false, "site.test", {"h2", "http/1.1"}, true, own, key}));
  EXPECT_EQ(tls_of_echo({"--tls", "--cert", own})->key, own) << "both may stand in one file";
  EXPECT_EQ(tls_of_echo({"--tls", "--insecure"})->to_client_options().verify, tls::ClientOptions::Verify::none);
}

TEST(TlsArguments, EveryVerbThatOpensConnectionsHasThem) {
  const std::vector<std::string> tls{"--tls", "--insecure", "--sni", "a.test"};
  const auto with_tls = [&tls](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin() + 1, tls.begin(), tls.end());
    return parse_command_line(arguments);
  };
  EXPECT_EQ(std::get<LoadOptions>(with_tls({"connect", "a:1"})).tls->name, "a.test");
  EXPECT_EQ(std::get<AbOptions>(with_tls({"ab", "--a", "a:1", "--b", "b:1"})).plan.tls->name, "a.test");
  EXPECT_EQ(std::get<AbOptions>(with_tls({"echo", "--via", "a:1", "--direct", "b:1"})).plan.tls->name, "a.test");
  EXPECT_EQ(std::get<CapacityOptions>(with_tls({"capacity", "a:1"})).plan.tls->name, "a.test");
  EXPECT_EQ(std::get<StreamOptions>(with_tls({"stream", "a:1"})).tls->name, "a.test");
  EXPECT_EQ(std::get<IdleOptions>(with_tls({"idle", "a:1"})).tls->name, "a.test");
  EXPECT_EQ(std::get<ChatOptions>(with_tls({"chat", "a:1"})).tls->name, "a.test");
}

TEST(TlsArguments, WhatHasNoUseIsRefused) {
  EXPECT_THAT(complaint({"echo", "--insecure", "a:1"}), HasSubstr("--insecure needs --tls"));
  EXPECT_THAT(complaint({"chat", "--sni", "a", "a:1"}), HasSubstr("--sni needs --tls"));
  EXPECT_THAT(complaint({"echo", "--tls", "--cacert", "/dev/null", "--insecure", "a:1"}),
              HasSubstr("--cacert has no use with --insecure"));
  EXPECT_THAT(complaint({"echo", "--tls", "--key", "/dev/null", "a:1"}), HasSubstr("--key needs a --cert"));
  EXPECT_THAT(complaint({"connect", "--tls", "--resume", "--no-exchange", "--close", "rst", "a:1"}),
              HasSubstr("sessions come after the handshake"));
  EXPECT_THAT(complaint({"stream", "--serve", ":0", "--tls"}), HasSubstr("--tls has no use with --serve"));
  EXPECT_THAT(complaint({"idle", "--tls", "--resume", "a:1"}), HasSubstr("--resume")) << "nothing comes behind it";
}

TEST(TlsArguments, WhatIsWrongIsNamed) {
  EXPECT_THAT(complaint({"echo", "--tls", "--cacert", "/no/such.pem", "a:1"}),
              HasSubstr("--cacert: \"/no/such.pem\" cannot be read: No such file or directory"));
  EXPECT_THAT(complaint({"echo", "--tls", "--cert", "/no/such.pem", "a:1"}), HasSubstr("--cert: "));
  for (const char* name : {"", "10.0.0.1", "::1", "a b"}) {
    EXPECT_THAT(complaint({"echo", "--tls", "--sni", name, "a:1"}), HasSubstr("--sni: is a name")) << name;
  }
  for (const char* list : {"", "h2,", ",h2"}) {
    EXPECT_THAT(complaint({"echo", "--tls", "--alpn", list, "a:1"}), HasSubstr("--alpn: is a list")) << list;
  }
  EXPECT_THAT(complaint({"echo", "--tls", "unix:/run/a"}), HasSubstr("needs --sni NAME"));
  EXPECT_EQ(complaint({"echo", "--tls", "--sni", "a.test", "unix:/run/a"}), "no complaint");
}

}  // namespace
}  // namespace weir::load
