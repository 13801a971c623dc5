// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace tocsin {

// Turns the loop until the coroutine has ended, and gives back what it returned. Throws what it
// threw, or std::runtime_error after a minute.
template <typename T>
T on_loop(asio::io_context& loop, asio::awaitable<T> work) {
  std::optional<T> out;
  std::exception_ptr thrown;
  asio::co_spawn(loop, std::move(work), [&](std::exception_ptr error, T value) {
    thrown = error;
    out.emplace(std::move(value));
  });
  bool too_late = false;
  asio::steady_timer guard(loop, std::chrono::minutes{1});
  guard.async_wait([&](std::error_code error) { too_late = !error; });
  while (!out && !too_late) {
    loop.restart();
    loop.run_one();
  }
  guard.cancel();
  if (thrown) std::rethrow_exception(thrown);
  if (!out) throw std::runtime_error("the coroutine did not end within a minute");
  return std::move(*out);
}

}  // namespace tocsin
