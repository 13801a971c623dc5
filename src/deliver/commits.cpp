// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/commits.h"

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <utility>

namespace tocsin {

// Owned by its timer's handler, so by the loop; the store only has a weak pointer to it.
struct Commits::Answer {
  Answer(Loop& loop, std::function<void(bool)> what) : timer(loop), then(std::move(what)) {}
  void give(bool durable) {
    timer.cancel();
    if (then) std::exchange(then, {})(durable);
  }
  asio::steady_timer timer;
  std::function<void(bool)> then;
};

Commits::Commits(Store& store, Loop& loop)
    : store_(store), loop_(loop), gate_(std::make_shared<Gate>()) {
  gate_->loop = &loop;
}

Commits::~Commits() {
  const std::lock_guard lock(gate_->mutex);
  gate_->loop = nullptr;
}

void Commits::commit(Change change, std::function<void(bool durable)> then) {
  const auto answer = std::make_shared<Answer>(loop_, std::move(then));
  answer->timer.expires_after(kPatience);
  answer->timer.async_wait([answer](const std::error_code& error) {
    if (!error) answer->give(false);
  });
  store_.commit(std::move(change),
                [gate = gate_, waiting = std::weak_ptr<Answer>(answer)](bool durable) {
                  const std::lock_guard lock(gate->mutex);
                  if (!gate->loop) return;
                  asio::post(*gate->loop, [waiting, durable] {
                    if (const auto there = waiting.lock()) there->give(durable);
                  });
                });
}

}  // namespace tocsin
