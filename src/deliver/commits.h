// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "deliver/loop.h"
#include "tocsin/store.h"
#include "tocsin/time.h"

namespace tocsin {

// Commits on the delivery thread's behalf and brings the answer back to its loop. A disk that
// hangs is not waited for: after kPatience the answer is "not durable", and pages go on.
class Commits {
 public:
  static constexpr Millis kPatience{1000};

  Commits(Store& store, Loop& loop);
  // The store may answer later than that: then nothing happens.
  ~Commits();
  Commits(const Commits&) = delete;
  Commits& operator=(const Commits&) = delete;

  // `then` runs on the loop, once; never from within this call. Not after the loop has ended.
  void commit(Change change, std::function<void(bool durable)> then);

 private:
  struct Answer;
  // The way back from the store's thread. The mutex is there because the store answers when it
  // can, and the loop may be gone by then.
  struct Gate {
    std::mutex mutex;
    Loop* loop = nullptr;  // null once it is gone
  };
  Store& store_;
  Loop& loop_;
  std::shared_ptr<Gate> gate_;
};

}  // namespace tocsin
