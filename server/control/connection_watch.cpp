#include "server/control/connection_watch.hpp"

#include <atomic>
#include <boost/asio/post.hpp>
#include <deque>
#include <iterator>
#include <new>
#include <utility>

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
constexpr std::chrono::seconds kPatience{1};

/// Whether it has not ended already, and was not told to end.
bool can_be_killed(const Session& session) { return !session.end && session.slot->interruption() == 0; }

}  // namespace

ConnectionWatch::ConnectionWatch(const net::Executor& executor, std::deque<Worker>& workers)
    : executor_(executor), workers_(workers), looked_(executor), forget_(executor) {}

/// Has each worker run an errand of its own, and waits until all are back, or for as long as patience lasts: what comes
/// later is not taken. Returns whether all came back.
net::awaitable<bool> ConnectionWatch::send_round(std::function<Errand()> make_errand, std::size_t places) {
  struct Round {
    std::size_t missing;
    boost::asio::steady_timer over;
    bool closed = false;
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
              if (round->closed) return;
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
  co_await round->over.async_wait(net::into(ignored));
  round->closed = true;
  co_return round->missing == 0;
}

net::awaitable<std::shared_ptr<LiveConnections>> ConnectionWatch::walk() {
  const auto found = std::make_shared<LiveConnections>();
  const auto make_errand = [found] {
    struct Own {
      std::deque<LiveConnection> shown;  ///< which grows without moving what it holds
      bool all = true;
    };
    const auto own = std::make_shared<Own>();
    const auto show = [own](Session& session) {
      try {
        LiveConnection shown;
        if (show_session(session, shown)) own->shown.push_back(std::move(shown));
      } catch (const std::bad_alloc&) {
        own->all = false;
      }
      return own->all;
    };
    const auto take = [found, own] {
      found->complete = found->complete && own->all;
      found->all.insert(found->all.end(), std::make_move_iterator(own->shown.begin()),
                        std::make_move_iterator(own->shown.end()));
    };
    return Errand{show, take};
  };
  const bool all_answered = co_await send_round(make_errand, kShownPlaces);
  found->complete = found->complete && all_answered;
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
    co_await pause.async_wait(net::into(ignored));
    found = co_await walk();
  }
  if (found->when - next_.when() >= kRateTime) then_ = std::exchange(next_, CarriedThen(*found));
  then_.set_rates(*found);
  latest_ = found;
  // A large daemon must not hold on to what nobody asks for.
  forget_.expires_after(2 * kRateTimeMost);
  forget_.async_wait([this](const boost::system::error_code& error) {
    if (error || looking_) return;
    latest_.reset();
    then_ = next_ = CarriedThen();
  });
}

/// A walk that began before this one is through before it, because both take the same steps, and whom it woke has run.
net::awaitable<void> ConnectionWatch::pass_by() {
  const auto make_errand = [] { return Errand{[](Session&) { return true; }, [] {}}; };
  co_await send_round(make_errand, kSearchedPlaces);
}

net::awaitable<std::shared_ptr<const LiveConnections>> ConnectionWatch::look() {
  const Time oldest = steady_clock::now() - kFresh;
  while (looking_) co_await until_looked();
  if (latest_ && latest_->when > oldest) co_return latest_;
  looking_ = true;
  looked_.expires_at(Time::max());
  const auto end = [this](std::exception_ptr) {
    looking_ = false;
    looked_.cancel();
  };
  try {
    // Whoever asked may be gone before the look ends: it goes on for the others.
    net::asio::co_spawn(executor_, look_again(), end);
  } catch (...) {
    end(nullptr);
    throw;
  }
  while (looking_) co_await until_looked();
  if (!latest_ || latest_->when < oldest) throw std::bad_alloc();  // nothing else makes a look fail
  co_return latest_;
}

net::awaitable<void> ConnectionWatch::until_looked() {
  boost::system::error_code ignored;
  co_await looked_.async_wait(net::into(ignored));
}

net::awaitable<ConnectionWatch::Killed> ConnectionWatch::kill(std::uint64_t id) {
  struct Search {
    std::atomic<bool> over{false};  ///< whoever comes late kills nobody
    bool found = false;
  };
  const auto search = std::make_shared<Search>();
  const auto make_errand = [search, id] {
    const auto own = std::make_shared<bool>(false);
    const auto visit = [search, own, id](Session& session) {
      if (session.id != id) return !search->over;
      if (search->over || !can_be_killed(session)) return false;
      *own = true;
      session.slot->interrupt(static_cast<std::uint8_t>(Interruption::killed));
      return false;
    };
    const auto take = [search, own] { search->found = search->found || *own; };
    return Errand{visit, take};
  };
  const bool all_answered = co_await send_round(make_errand, kSearchedPlaces);
  search->over = true;
  if (search->found) co_return Killed::yes;
  co_return all_answered ? Killed::not_found : Killed::unknown;
}

}  // namespace weir
