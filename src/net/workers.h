// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "tocsin/time.h"

namespace tocsin {

// What became of a job that was given to a worker.
enum class Worked : std::uint8_t {
  done,           // it ran to its end
  late,           // it runs on beyond the deadline; nobody waits for it any more
  still_running,  // one that was given up earlier with the same key has not returned yet
  no_worker,      // every thread was held by others until the deadline: our side
};

// Threads for what can only be done by blocking: a database's client library, statfs() on a file
// system whose server is gone. Made on demand, ended when idle for a while.
//
// A job that blocks for ever holds one thread for ever: it is given up at the deadline, and no
// second job with its key is begun while it hangs, so that one dead mount costs one thread and not
// one each interval. Threads that still hang when the workers are destroyed are left to the
// process's end.
//
// One loop's thread only; jobs run on other threads.
class Workers {
 public:
  explicit Workers(asio::io_context& loop, std::size_t most_threads = 16);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Runs `job` on a thread and waits for it until the deadline. The job may outlive the caller and
  // the workers: it owns all that it uses (captures by value, a shared_ptr for what it gives back,
  // which is to be read after `done` only), and it must not throw. `key` says whom it works for, a
  // check's number; 0: nobody in particular, never `still_running`.
  asio::awaitable<Worked> run(std::uint64_t key, std::function<void()> job, SteadyTime deadline);

 private:
  class Crew;
  asio::io_context& loop_;
  std::shared_ptr<Crew> crew_;
};

}  // namespace tocsin
