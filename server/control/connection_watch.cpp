#include "server/control/connection_watch.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <iterator>
#include <new>
#include <utility>
#include <vector>

#include "server/session/show_session.hpp"

namespace weir {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How many slots a worker looks at before others have their turn: each costs about two microseconds to show.
constexpr std::size_t kShownPlaces = 64;
constexpr std::size_t kSearchedPlaces = 1024;
/// How long the answer of a look is good for those who ask after it.
constexpr milliseconds kFresh{200};
/// A rate is measured over this long at least …
constexpr milliseconds kRateTime{500};
/// … and over no longer than this, where it is to be one of now.
constexpr milliseconds kRateTimeMost{5000};
/// How long a worker may take.
constexpr std::chrono::seconds kPatience{2};

auto into(boost::system::error_code& error) {
  return net::asio::redirect_error(net::asio::use_awaitable_t<net::Executor>(), error);
}

}  // namespace

ConnectionWatch::ConnectionWatch(const net::Executor& executor, std::deque<Worker>& workers)
    : executor_(executor), workers_(workers), looked_(executor) {}

/// Has each worker run an errand of its own, and waits until all are back. One that takes too long is left out.
net::awaitable<void> ConnectionWatch::send_round(std::function<Errand()> make_errand, std::size_t places) {
  struct Round {
    std::size_t missing;
    boost::asio::steady_timer over;
  };
  const auto round = std::make_shared<Round>(Round{workers_.size(), boost::asio::steady_timer(executor_)});
  round->over.expires_after(kPatience);
  for (Worker& worker : workers_) {
    Errand errand = make_errand();
    worker.walk_sessions(
        std::move(errand.visit),
        [executor = executor_, round, take = std::move(errand.take)] {
          try {
            net::asio::post(executor, [round, take] {
              take();
              if (--round->missing == 0) round->over.cancel();
            });
          } catch (const std::bad_alloc&) {
            return;  // this worker is left out
          }
        },
        places);
  }
  boost::system::error_code ignored;
  co_await round->over.async_wait(into(ignored));
}

net::awaitable<std::shared_ptr<LiveConnections>> ConnectionWatch::walk() {
  const auto found = std::make_shared<LiveConnections>();
  const auto make_errand = [found] {
    const auto own = std::make_shared<std::vector<LiveConnection>>();
    const auto show = [own](Session& session) {
      try {
        LiveConnection shown;
        if (show_session(session, shown)) own->push_back(std::move(shown));
        return true;
      } catch (const std::bad_alloc&) {
        return false;  // the list ends here
      }
    };
    const auto take = [found, own] {
      found->all.insert(found->all.end(), std::make_move_iterator(own->begin()), std::make_move_iterator(own->end()));
    };
    return Errand{show, take};
  };
  co_await send_round(make_errand, kShownPlaces);
  found->when = steady_clock::now();
  co_return found;
}

/// One look, which becomes the latest.
net::awaitable<void> ConnectionWatch::look_again() {
  auto found = co_await walk();
  if (found->when - next_.when() > kRateTimeMost) {
    next_ = CarriedThen(*found);
    boost::asio::steady_timer pause(executor_, kRateTime);
    boost::system::error_code ignored;
    co_await pause.async_wait(into(ignored));
    found = co_await walk();
  }
  if (found->when - next_.when() >= kRateTime) then_ = std::exchange(next_, CarriedThen(*found));
  then_.set_rates(*found);
  latest_ = found;
}

net::awaitable<std::shared_ptr<const LiveConnections>> ConnectionWatch::look() {
  while (looking_) {
    boost::system::error_code ignored;
    co_await looked_.async_wait(into(ignored));
  }
  if (latest_ && steady_clock::now() - latest_->when < kFresh) co_return latest_;
  looking_ = true;
  looked_.expires_at(Time::max());
  // Whoever asked may be gone before the look ends: it goes on for the others.
  net::asio::co_spawn(executor_, look_again(), [this](std::exception_ptr) {
    looking_ = false;
    looked_.cancel();
  });
  while (looking_) {
    boost::system::error_code ignored;
    co_await looked_.async_wait(into(ignored));
  }
  co_return latest_;
}

net::awaitable<bool> ConnectionWatch::kill(std::uint64_t id) {
  const auto found = std::make_shared<bool>(false);
  const auto make_errand = [found, id] {
    const auto own = std::make_shared<bool>(false);
    const auto search = [own, id](Session& session) {
      if (session.id != id) return true;
      *own = true;
      session.slot->interrupt(static_cast<std::uint8_t>(Interruption::killed));
      return false;
    };
    return Errand{search, [found, own] { *found = *found || *own; }};
  };
  co_await send_round(make_errand, kSearchedPlaces);
  co_return *found;
}

}  // namespace weir
