// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/second_look.h"

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <system_error>

namespace tocsin {

asio::awaitable<void> wait_for_second_look(ProbeContext& context, Millis time) {
  const Millis left = std::chrono::duration_cast<Millis>(context.deadline - context.clock.steady());
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(std::min(time, left / 2));
  std::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace tocsin
