// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/io_context.hpp>
#include <memory>

#include "tocsin/time.h"

namespace tocsin {

// What a C library that owns its sockets (libcurl, c-ares) needs of an Asio loop: their readiness
// and one timeout. The sockets are never Asio's, so that nothing but the library closes them. Use
// it from the loop's thread only; once it is destroyed its listener is not called any more.
class LibraryLoop {
 public:
  static constexpr unsigned kRead = 1;
  static constexpr unsigned kWrite = 2;
  static constexpr unsigned kError = 4;  // only reported, always watched

  class Listener {
   public:
    virtual void on_ready(int descriptor, unsigned what) = 0;
    virtual void on_timeout() = 0;

   protected:
    ~Listener() = default;
  };

  // Throws std::system_error when there is no descriptor for it.
  LibraryLoop(asio::io_context& loop, Listener& listener);
  ~LibraryLoop();
  LibraryLoop(const LibraryLoop&) = delete;
  LibraryLoop& operator=(const LibraryLoop&) = delete;

  // Reports from now on while the descriptor is ready for `what` (kRead | kWrite). Returns 0, or
  // the errno that says why it cannot be watched.
  int watch(int descriptor, unsigned what) noexcept;
  // Call it before the descriptor is closed; one that is not watched is ignored.
  void forget(int descriptor) noexcept;

  // The same without a system call, for a descriptor that is closed next and of which there is no
  // copy: it leaves the kernel's set by itself.
  void closing(int descriptor) noexcept;

  // Calls on_timeout once, at that time or a little later; replaces what was wanted before.
  void call_at(SteadyTime when);
  // Calls on_timeout once, in a turn of the loop of its own. Does not touch what call_at set.
  void call_soon();
  void call_never() noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tocsin
