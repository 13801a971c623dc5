// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The sockets are in an epoll set of our own, and that set is one descriptor of the Asio loop. So a
// wake-up with ten ready sockets is one of Asio's, a probe's socket costs three epoll_ctl calls
// instead of the five system calls that an asio::posix::stream_descriptor takes, and there is no
// ownership to give back before the library closes its socket.
//
// An event is kept apart from those of an earlier socket with the same number by a serial number.
//
// The timer is re-armed only for an earlier time: nearly every call of libcurl's timer callback
// asks for a later one than the one that is armed. One that fires too early just waits again.
#include "net/library_loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <vector>

namespace tocsin {

// Shared with the handlers that wait in the Asio loop, which may run after the owner is gone.
struct LibraryLoop::State {
  struct Watch {
    std::uint32_t serial = 0;
    unsigned what = 0;  // 0: not watched
  };

  State(asio::io_context& on, Listener& to) : loop(on), listener(&to), set(on), timer(on) {}

  asio::io_context& loop;
  Listener* listener;  // null once the owner is gone
  asio::posix::stream_descriptor set;
  asio::steady_timer timer;
  SteadyTime wanted = SteadyTime::max();
  SteadyTime armed = SteadyTime::max();
  bool soon = false;
  std::uint32_t serial = 0;
  std::vector<Watch> watches;  // by descriptor
};

namespace {

template <typename StatePtr>
void report(const StatePtr& state) {
  std::array<epoll_event, 64> events;
  const int count =
      epoll_wait(state->set.native_handle(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const auto descriptor = static_cast<std::size_t>(event.data.u64 & 0xFFFFFFFFU);
    const auto& watch = state->watches[descriptor];
    if (watch.what == 0 || watch.serial != event.data.u64 >> 32U) continue;
    unsigned what = 0;
    if ((event.events & EPOLLIN) != 0) what |= LibraryLoop::kRead;
    if ((event.events & EPOLLOUT) != 0) what |= LibraryLoop::kWrite;
    if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) what |= LibraryLoop::kError;
    state->listener->on_ready(static_cast<int>(descriptor), what);
    if (state->listener == nullptr) return;
  }
}

template <typename StatePtr>
void wait_for_events(const StatePtr& state) {
  state->set.async_wait(asio::posix::stream_descriptor::wait_read, [state](std::error_code error) {
    if (error || state->listener == nullptr) return;
    report(state);
    if (state->listener != nullptr) wait_for_events(state);
  });
}

template <typename StatePtr>
void arm(const StatePtr& state) {
  state->armed = state->wanted;
  state->timer.expires_at(state->armed);
  state->timer.async_wait([state](std::error_code error) {
    // An aborted wait was replaced by an earlier one.
    if (error || state->listener == nullptr) return;
    state->armed = SteadyTime::max();
    if (state->wanted == SteadyTime::max()) return;
    if (std::chrono::steady_clock::now() < state->wanted) return arm(state);
    state->wanted = SteadyTime::max();
    state->listener->on_timeout();
  });
}

}  // namespace

LibraryLoop::LibraryLoop(asio::io_context& loop, Listener& listener)
    : state_(std::make_shared<State>(loop, listener)) {
  const int set = epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  state_->set.assign(set);
  wait_for_events(state_);
}

LibraryLoop::~LibraryLoop() {
  state_->listener = nullptr;
  std::error_code ignored;
  state_->set.close(ignored);
  state_->timer.cancel();
}

int LibraryLoop::watch(int descriptor, unsigned what) noexcept {
  const auto index = static_cast<std::size_t>(descriptor);
  if (index >= state_->watches.size()) state_->watches.resize(index + 64);
  State::Watch& watch = state_->watches[index];
  if (watch.what == what) return 0;
  const bool known = watch.what != 0;
  if (!known) watch.serial = ++state_->serial;
  epoll_event event{};
  event.events = ((what & kRead) != 0 ? EPOLLIN : 0U) | ((what & kWrite) != 0 ? EPOLLOUT : 0U);
  event.data.u64 = (std::uint64_t{watch.serial} << 32U) | static_cast<std::uint32_t>(descriptor);
  const int set = state_->set.native_handle();
  if (epoll_ctl(set, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event) != 0) return errno;
  watch.what = what;
  return 0;
}

void LibraryLoop::forget(int descriptor) noexcept {
  const auto index = static_cast<std::size_t>(descriptor);
  if (index >= state_->watches.size() || state_->watches[index].what == 0) return;
  state_->watches[index].what = 0;
  epoll_ctl(state_->set.native_handle(), EPOLL_CTL_DEL, descriptor, nullptr);
}

void LibraryLoop::closing(int descriptor) noexcept {
  const auto index = static_cast<std::size_t>(descriptor);
  if (index < state_->watches.size()) state_->watches[index].what = 0;
}

void LibraryLoop::call_at(SteadyTime when) {
  state_->wanted = when;
  if (when < state_->armed) arm(state_);
}

void LibraryLoop::call_soon() {
  if (state_->soon) return;
  state_->soon = true;
  asio::post(state_->loop, [state = state_] {
    state->soon = false;
    if (state->listener != nullptr) state->listener->on_timeout();
  });
}

void LibraryLoop::call_never() noexcept {
  state_->wanted = SteadyTime::max();
}

}  // namespace tocsin
