// The example of a Kubernetes Job: what it must have, and whether weir-load understands its command line.

#include <gmock/gmock.h>
#include <yaml-cpp/yaml.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "client/command_line/command_line.hpp"
#include "common/logging.hpp"
#include "common/units.hpp"
#include "tests/support/checkout.hpp"

namespace weir::load {
namespace {

class LoadJob : public testing::Test {
 protected:
  const YAML::Node job_ = YAML::LoadFile((test::source_folder() / "deploy/kubernetes/load/load-job.yaml").string());
  const YAML::Node spec_ = job_["spec"];
  const YAML::Node pod_ = spec_["template"]["spec"];
  const YAML::Node container_ = pod_["containers"][0];

  /// As a pod has them: variables in parentheses are filled in (kubernetes.io, "Define a command and arguments").
  std::vector<std::string> arguments() const {
    const std::string begin = format_time(std::chrono::system_clock::now() + std::chrono::minutes(5));
    std::vector<std::string> arguments;
    for (const YAML::Node& argument : container_["args"]) {
      std::string text = argument.as<std::string>();
      for (const auto& [variable, value] :
           {std::pair<std::string, std::string>{"$(START_AT)", begin}, {"$(JOB_COMPLETION_INDEX)", "7"}}) {
        if (const std::size_t at = text.find(variable); at != std::string::npos) {
          text.replace(at, variable.size(), value);
        }
      }
      EXPECT_EQ(text.find("$("), std::string::npos) << text;
      arguments.push_back(text);
    }
    return arguments;
  }
};

TEST_F(LoadJob, IsTenGeneratorsAtOnceOfWhichNoneIsStartedAgain) {
  EXPECT_EQ(job_["apiVersion"].as<std::string>(), "batch/v1");
  EXPECT_EQ(job_["kind"].as<std::string>(), "Job");
  EXPECT_EQ(spec_["completionMode"].as<std::string>(), "Indexed");
  EXPECT_EQ(spec_["completions"].as<int>(), 10);
  EXPECT_EQ(spec_["parallelism"].as<int>(), 10);
  EXPECT_EQ(spec_["backoffLimitPerIndex"].as<int>(), 0);
  EXPECT_EQ(pod_["restartPolicy"].as<std::string>(), "Never");
  EXPECT_TRUE(spec_["activeDeadlineSeconds"]);
  EXPECT_EQ(pod_["containers"].size(), 1U);
}

TEST_F(LoadJob, MayDoNothingButLoad) {
  EXPECT_TRUE(pod_["securityContext"]["runAsNonRoot"].as<bool>());
  EXPECT_NE(pod_["securityContext"]["runAsUser"].as<int>(), 0);
  EXPECT_EQ(pod_["securityContext"]["seccompProfile"]["type"].as<std::string>(), "RuntimeDefault");
  EXPECT_FALSE(pod_["automountServiceAccountToken"].as<bool>());
  const YAML::Node security = container_["securityContext"];
  EXPECT_TRUE(security["readOnlyRootFilesystem"].as<bool>());
  EXPECT_FALSE(security["allowPrivilegeEscalation"].as<bool>());
  EXPECT_EQ(security["capabilities"]["drop"].as<std::vector<std::string>>(), std::vector<std::string>{"ALL"});
  for (const char* bound : {"requests", "limits"}) {
    EXPECT_TRUE(container_["resources"][bound]["cpu"]) << bound;
    EXPECT_TRUE(container_["resources"][bound]["memory"]) << bound;
  }
}

TEST_F(LoadJob, ItsCommandLineIsUnderstood) {
  EXPECT_EQ(container_["command"].as<std::vector<std::string>>(), std::vector<std::string>{"weir-load"});
  const auto options = std::get<LoadOptions>(parse_command_line(arguments()));
  EXPECT_TRUE(options.start_at);
  EXPECT_EQ(options.message.seed, 7U);
  EXPECT_EQ(options.arrivals, ArrivalKind::poisson);
  EXPECT_EQ(options.threads, 1U);
  EXPECT_EQ(options.rate, 1000);
  EXPECT_EQ(options.json_file, "-");
  EXPECT_TRUE(options.quiet);
  EXPECT_LT(*options.duration + options.warmup, std::chrono::seconds(spec_["activeDeadlineSeconds"].as<int>()));
}

TEST_F(LoadJob, TheTimeToBeginComesFromAConfigMap) {
  const YAML::Node variable = container_["env"][0];
  EXPECT_EQ(variable["name"].as<std::string>(), "START_AT");
  EXPECT_EQ(variable["valueFrom"]["configMapKeyRef"]["key"].as<std::string>(), "start-at");
  // Without it the pods wait.
  EXPECT_FALSE(variable["valueFrom"]["configMapKeyRef"]["optional"]);
}

TEST_F(LoadJob, SelectsItsOwnPods) {
  const auto labels = spec_["template"]["metadata"]["labels"].as<std::map<std::string, std::string>>();
  const YAML::Node spread = pod_["topologySpreadConstraints"][0];
  EXPECT_EQ((spread["labelSelector"]["matchLabels"].as<std::map<std::string, std::string>>()), labels);
}

}  // namespace
}  // namespace weir::load
