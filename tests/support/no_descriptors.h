// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace tocsin {

// While it lives this process can open `spare` descriptors more and then none.
class NoDescriptors {
 public:
  explicit NoDescriptors(unsigned spare = 0) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest_free);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(lowest_free) + spare;
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

}  // namespace tocsin
