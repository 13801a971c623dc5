// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/io_context.hpp>

namespace tocsin {

// An io_context whose suspended coroutines can be ended while what they use (HttpClient, Resolver)
// still lives: an io_context alone ends them in its destructor, and it has to go last.
class Loop : public asio::io_context {
 public:
  Loop() : asio::io_context(1) {}
  // Destroys every pending handler, and the coroutines in them. Call after run() has returned.
  void end() { shutdown(); }
};

}  // namespace tocsin
