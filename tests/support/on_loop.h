// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
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
  const auto bound = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (!out && std::chrono::steady_clock::now() < bound) {
    loop.restart();
    loop.run_one_until(bound);
  }
  if (thrown) std::rethrow_exception(thrown);
  if (!out) throw std::runtime_error("the coroutine did not end within a minute");
  return std::move(*out);
}

}  // namespace tocsin
