#include "server/control/service_status.hpp"

#include <fmt/format.h>

#include <utility>

#include "common/counted.hpp"
#include "server/control/service_manager.hpp"

namespace weir {

namespace {

constexpr std::chrono::seconds kStep{3};
/// What a drain asks for at each step. It also covers what follows the drain: the cut and the flush of the logs.
constexpr std::chrono::seconds kExtension{30};

}  // namespace

ServiceStatus::ServiceStatus(boost::asio::io_context& context, std::function<Figures()> look)
    : look_(std::move(look)), timer_(context) {}

void ServiceStatus::begin() {
  accepted_ = look_().accepted;
  looked_ = Clock::now();
  wait();
}

std::string ServiceStatus::describe(const Figures& now, double rate) {
  if (now.draining) return "draining, " + counted(now.active, "connection") + " left";
  return fmt::format("{}, {:.0f}/s; {}", counted(now.active, "connection"), rate, counted(now.listeners, "listener"));
}

void ServiceStatus::wait() {
  timer_.expires_after(kStep);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

void ServiceStatus::tick() {
  wait();  // first, so that a lack of memory in what follows costs one step
  const Figures now = look_();
  const Clock::time_point time = Clock::now();
  // A listener that a reload removed takes its count along.
  const std::uint64_t came = now.accepted > accepted_ ? now.accepted - accepted_ : 0;
  std::string text = describe(now, static_cast<double>(came) / std::chrono::duration<double>(time - looked_).count());
  accepted_ = now.accepted;
  looked_ = time;
  if (now.draining) service_manager::extend_timeout(kExtension);
  if (text == sent_) return;
  service_manager::notify_status(text);
  sent_ = std::move(text);
}

}  // namespace weir
