// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "web/lobby.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "util/log.h"
#include "web/head.h"

// A thread per connection is cheap to write and cheap to stop: a client that says nothing, or reads
// nothing, holds its thread for as long as it likes, and as many of them as there are threads hold
// the whole server. So a connection gets a thread only for the moments in which there is work:
//
//   accept ─► head: peeked at (MSG_PEEK), until it is whole ─► take() ─► a worker reads it at once
//   worker ─► send(): what fits goes out; the rest ─► answer: sent as the socket takes it ─► close
//
// Peeking leaves the bytes where Poco's parser will read them. Events are edge-triggered, since a
// head that is not whole yet stays readable. Deadlines are absolute: a byte now and then buys no
// time. A connection's descriptor is in the table while it waits here and nowhere else.

namespace tocsin {
namespace {

SteadyTime steady_now() noexcept {
  return std::chrono::steady_clock::now();
}

constexpr Millis kPause{100};
constexpr int kSendBuffer = 256 * 1024;  // what the kernel keeps for a slow reader
constexpr std::size_t kMostLingered = 1U << 20U;

constexpr unsigned kForHead = EPOLLIN | EPOLLRDHUP | EPOLLET;
constexpr unsigned kForAnswer = EPOLLOUT | EPOLLET;
constexpr unsigned kForLinger = EPOLLIN | EPOLLRDHUP | EPOLLET;

void watch(int epoll, int operation, int socket, unsigned events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = socket;
  ::epoll_ctl(epoll, operation, socket, &event);
}

// Closing a connection with bytes unread resets it, and what is still on its way to the other side
// is lost.
bool has_unread(int socket) noexcept {
  int count = 0;
  return ::ioctl(socket, FIONREAD, &count) == 0 && count > 0;
}

// Sends from `sent` on as far as the socket takes it; false if the connection is no more.
bool send_some(int socket, const std::string& bytes, std::size_t& sent) noexcept {
  while (sent < bytes.size()) {
    const ssize_t count =
        ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      return errno == EAGAIN || errno == EWOULDBLOCK;
    }
  }
  return true;
}

}  // namespace

Lobby::Lobby(const Limits& limits, Refusals refusals)
    : limits_(limits), refusals_(std::move(refusals)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "web: epoll");
}

Lobby::~Lobby() {
  for (const int socket : ready_) ::close(socket);
  for (const auto& [socket, waiting] : sockets_) ::close(socket);
  ::close(epoll_);
}

void Lobby::listen_on(int listener) {
  listener_ = listener;
  ::fcntl(listener, F_SETFL, ::fcntl(listener, F_GETFL) | O_NONBLOCK);
  watch(epoll_, EPOLL_CTL_ADD, listener, EPOLLIN);
}

void Lobby::stop_listening() {
  const std::lock_guard lock(mutex_);
  watch(epoll_, EPOLL_CTL_DEL, listener_, 0);
  resume_at_.reset();
}

bool Lobby::wait(Millis most) {
  if (!ready_.empty()) return true;
  std::array<epoll_event, 64> events{};
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(most.count()));
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd == listener_) {
      accept_all();
    } else {
      go_on(event.data.fd, event.events);
    }
  }
  const SteadyTime now = steady_now();
  drop_overdue(now);
  resume_accepting(now);
  return !ready_.empty();
}

int Lobby::take() {
  if (ready_.empty()) return -1;
  const int socket = ready_.front();
  ready_.pop_front();
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) & ~O_NONBLOCK);
  return socket;
}

void Lobby::accept_all() {
  // A few at a time, so that a flood of connections does not starve those that are there.
  for (int i = 0; i < 64; ++i) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      admit(socket);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      pause_accepting();
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

// No descriptors: the listening socket would stay readable and keep this thread spinning.
void Lobby::pause_accepting() {
  log(LogLevel::warn, "web_accept_failed", "reason", std::generic_category().message(errno));
  watch(epoll_, EPOLL_CTL_DEL, listener_, 0);
  resume_at_ = steady_now() + kPause;
  make_room(false);
}

void Lobby::resume_accepting(SteadyTime now) {
  if (!resume_at_ || now < *resume_at_) return;
  resume_at_.reset();
  watch(epoll_, EPOLL_CTL_ADD, listener_, EPOLLIN);
}

void Lobby::admit(int socket) {
  ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
  Waiting waiting;
  waiting.until = steady_now() + limits_.head;
  keep(socket, std::move(waiting), kForHead);
}

// Puts a socket into the table; its first events come by themselves, also for what is there now.
void Lobby::keep(int socket, Waiting waiting, unsigned events) {
  while (sockets_.size() >= limits_.most_sockets) make_room(false);
  while (bytes_ > 0 && bytes_ + waiting.bytes.size() > limits_.most_bytes) make_room(true);
  waiting.since = steady_now();
  bytes_ += waiting.bytes.size();
  sockets_.insert_or_assign(socket, std::move(waiting));
  watch(epoll_, EPOLL_CTL_ADD, socket, events);
}

// Who waits longest goes. An honest client is served within milliseconds, so it hardly is one.
void Lobby::make_room(bool of_bytes) {
  auto oldest = sockets_.end();
  for (auto at = sockets_.begin(); at != sockets_.end(); ++at) {
    if (of_bytes && at->second.bytes.empty()) continue;
    if (oldest == sockets_.end() || at->second.since < oldest->second.since) oldest = at;
  }
  if (oldest != sockets_.end()) drop(oldest);
}

void Lobby::drop(Sockets::iterator at) {
  bytes_ -= at->second.bytes.size();
  // Closing alone would not do: a worker may still hold another descriptor of the same connection.
  watch(epoll_, EPOLL_CTL_DEL, at->first, 0);
  ::close(at->first);
  sockets_.erase(at);
}

void Lobby::drop_overdue(SteadyTime now) {
  for (auto at = sockets_.begin(); at != sockets_.end();) {
    const auto current = at++;
    if (now < current->second.until) continue;
    if (current->second.stage == Stage::head) {
      refuse(current->first, refusals_.too_slow);
    } else {
      drop(current);
    }
  }
}

void Lobby::go_on(int socket, unsigned events) {
  const auto found = sockets_.find(socket);
  if (found == sockets_.end()) return;  // dropped by an event of the same round
  if ((events & EPOLLERR) != 0) return drop(found);
  switch (found->second.stage) {
    case Stage::head: return look_at_head(socket, (events & (EPOLLRDHUP | EPOLLHUP)) != 0);
    case Stage::answer: return go_on_sending(found);
    case Stage::linger: return go_on_lingering(found);
  }
}

void Lobby::look_at_head(int socket, bool ended) {
  std::array<char, kMostHead + 1> buffer;
  const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
  const auto found = sockets_.find(socket);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return drop(found);
  switch (judge_head({buffer.data(), static_cast<std::size_t>(size)})) {
    case Head::more:
      if (ended) drop(found);
      return;
    case Head::bad: return refuse(socket, refusals_.bad_head);
    case Head::too_large: return refuse(socket, refusals_.too_large);
    case Head::complete: break;
  }
  watch(epoll_, EPOLL_CTL_DEL, socket, 0);
  sockets_.erase(found);
  ready_.push_back(socket);
}

// These answers are short: they fit into the buffer of a connection that has sent nothing yet.
void Lobby::refuse(int socket, const std::string& answer) {
  const auto found = sockets_.find(socket);
  std::size_t sent = 0;
  if (!send_some(socket, answer, sent)) return drop(found);
  begin_linger(found);
}

void Lobby::begin_linger(Sockets::iterator at) {
  ::shutdown(at->first, SHUT_WR);
  bytes_ -= at->second.bytes.size();
  Waiting lingering;
  lingering.stage = Stage::linger;
  lingering.since = at->second.since;
  lingering.until = steady_now() + limits_.linger;
  at->second = std::move(lingering);
  watch(epoll_, EPOLL_CTL_MOD, at->first, kForLinger);
}

void Lobby::go_on_sending(Sockets::iterator at) {
  Waiting& waiting = at->second;
  if (!send_some(at->first, waiting.bytes, waiting.sent)) return drop(at);
  if (waiting.sent < waiting.bytes.size()) return;
  waiting.linger || has_unread(at->first) ? begin_linger(at) : drop(at);
}

void Lobby::go_on_lingering(Sockets::iterator at) {
  std::array<char, 4096> buffer;
  while (at->second.sent < kMostLingered) {  // `sent` counts what was thrown away
    const ssize_t size = ::recv(at->first, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) break;
    at->second.sent += static_cast<std::size_t>(size);
  }
  drop(at);
}

void Lobby::send(int socket, std::string bytes, bool linger) {
  Waiting waiting;
  if (!send_some(socket, bytes, waiting.sent)) return;
  if (waiting.sent == bytes.size() && !linger && !has_unread(socket)) return;
  const int own = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return;
  waiting.stage = Stage::answer;
  waiting.until = steady_now() + limits_.answer;
  waiting.bytes = std::move(bytes);
  waiting.linger = linger;
  const std::lock_guard lock(mutex_);
  keep(own, std::move(waiting), kForAnswer);
}

std::size_t Lobby::waiting() const {
  const std::lock_guard lock(mutex_);
  return sockets_.size();
}

std::size_t Lobby::unfinished_answers() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(sockets_.begin(), sockets_.end(),
                    [](const auto& entry) { return entry.second.stage == Stage::answer; }));
}

}  // namespace tocsin
