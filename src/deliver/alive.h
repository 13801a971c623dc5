// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <functional>
#include <memory>

#include "tocsin/uplink.h"

namespace tocsin {

// Asks for an address outside at an interval, for as long as we are in good health, so that another
// service can page when that ends: a dead man's switch. The first time at once; what is answered is
// looked at no further than whether it is a 2xx. Nothing is logged but changes: that pings are
// taken, that they are not, that they are withheld. No line has the URL, which is often a secret.
//
// It has a thread and a loop of its own while there is an address, so that neither a slow service
// nor a slow delivery is taken for the other. Its calls are for one thread.
class Alive {
 public:
  // `healthy` is asked right before each ping, on Alive's own thread; it must not block or throw.
  explicit Alive(std::function<bool()> healthy);
  ~Alive();
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;

  // Begins, goes on as before if these are the settings that it has, begins anew, or stops if they
  // name no address. If no thread can be had, that is logged, and nothing is asked for.
  void configure(const AliveSettings& settings);
  // Does not wait for an answer that is still out.
  void stop() noexcept;

 private:
  class Engine;
  std::function<bool()> healthy_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tocsin
