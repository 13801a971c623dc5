// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "tocsin/time.h"

namespace tocsin {

// Lets one coroutine do what several need, while the others wait for it. One loop's thread only; it
// must outlive them. Timers belong to those who wait, so that it may be destroyed after the loop's
// own.
class OneAtATime {
 public:
  // True: do it, then call `leave`. False: somebody else has done it meanwhile, or the deadline has
  // passed.
  asio::awaitable<bool> enter(SteadyTime deadline) {
    if (!busy_) {
      busy_ = true;
      co_return true;
    }
    const asio::any_io_executor loop = co_await asio::this_coro::executor;
    const auto timer = std::make_shared<asio::steady_timer>(loop, deadline);
    waiting_.push_back(timer);
    asio::error_code ignored;  // cancelled: it is done
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return false;
  }

  void leave() {
    busy_ = false;
    for (const auto& waiting : std::exchange(waiting_, {})) {
      if (const auto timer = waiting.lock()) timer->cancel();
    }
  }

 private:
  bool busy_ = false;
  std::vector<std::weak_ptr<asio::steady_timer>> waiting_;
};

}  // namespace tocsin
