// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/probe_tools.h"

#include <utility>

namespace tocsin {

ProbeTools::ProbeTools(std::function<void(std::uint32_t)> look_again,
                       std::optional<Resolver::Sources> names, std::string proc) {
  names ? resolver_.emplace(loop_, std::move(*names)) : resolver_.emplace(loop_);
  http_.emplace(loop_, *resolver_);
  processes_.emplace(loop_, look_again, std::move(proc));
  workers_.emplace(loop_);
  icmp_.emplace(loop_);
  units_.emplace(loop_, std::move(look_again));
}

ProbeTools::~ProbeTools() {
  // A part that goes may still post something that holds a waiting probe: hence again and again.
  loop_.shutdown();
  resolver_.reset();
  loop_.shutdown();
  http_.reset();
  loop_.shutdown();
  processes_.reset();
  workers_.reset();
  icmp_.reset();
  units_.reset();
}

}  // namespace tocsin
