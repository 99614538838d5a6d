#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "common/io/event_loop.hpp"
#include "common/io/pipe_pool.hpp"
#include "common/io/side_thread.hpp"
#include "common/io/spare_descriptor.hpp"
#include "common/logging.hpp"
#include "common/tls/stream.hpp"
#include "server/observe/access_log.hpp"
#include "server/session/established.hpp"
#include "server/session/handshake_places.hpp"
#include "server/session/listener.hpp"

namespace weir {

/// What a worker has for the TLS of its sessions.
struct TlsResources {
  tls::Buffers buffers;
  HandshakePlaces places;
  io::SideThread side_thread;  ///< for the steps of handshakes
};

/// What a worker lends to its sessions. Outlives them.
struct WorkerResources {
  io::EventLoop& loop;
  io::PipePool& pipes;
  AccessLog::Queue& records;
  Admission& admission;
  io::SpareDescriptor& spare;
  LogLimiter& refusals;
  RelayConfig::Splice splice;
  TlsResources& tls;
  Established& established;
};

/// What all sessions of one listener on one worker share. Each pins it by a non-atomic count, because all of them run
/// on that worker's thread. When the worker has forgotten the listener, this lives until its last session has ended.
struct ListenerContext : boost::intrusive_ref_counter<ListenerContext, boost::thread_unsafe_counter> {
  ListenerContext(WorkerResources lent, ListenerPtr served, std::size_t worker_index)
      : resources(lent),
        worker(worker_index),
        listener(std::move(served)),
        name(std::make_shared<const std::string>(listener->config().name)),
        counters(listener->counters(worker)),
        tls_counters(listener->tls_counters(worker)) {}

  const WorkerResources resources;
  const std::size_t worker;  ///< its place among the workers
  const ListenerPtr listener;
  /// The worker's own copy: records hold it, and workers must not contend for its reference count.
  const std::shared_ptr<const std::string> name;
  ListenerCounters& counters;
  TlsCounters* const tls_counters;  ///< null where the listener terminates no TLS
};

using ListenerContextPtr = boost::intrusive_ptr<ListenerContext>;

}  // namespace weir
