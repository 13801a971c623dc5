// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The socket is connected, so that the kernel sorts out strangers' datagrams and hands us the ICMP
// errors about ours. A datagram's size is asked of the kernel once it is there: no buffer has to
// be as large as the largest, and none is cut. The timer works as that of Stream does.
#include "net/datagram.h"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/ip/udp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "net/errno_text.h"
#include "net/stream_find.h"

namespace tocsin {

using Udp = asio::ip::udp;
using std::chrono::steady_clock;

class Datagram::Engine : public std::enable_shared_from_this<Engine> {
 public:
  Engine(Resolver& resolver, Phases& phases) : resolver_(resolver), phases_(phases) {}

  asio::awaitable<StreamStatus> find(StreamTarget target, SteadyTime deadline);
  std::size_t addresses() const noexcept { return endpoints_.size(); }
  StreamStatus use(std::size_t address);
  asio::awaitable<StreamStatus> send(std::string_view data, SteadyTime deadline);
  asio::awaitable<StreamStatus> receive(std::string& into, SteadyTime deadline);
  const std::string& address() const noexcept { return address_; }

 private:
  void arm(SteadyTime deadline);
  asio::awaitable<asio::error_code> ready(Udp::socket::wait_type what);
  asio::error_code take(std::string& into);
  StreamStatus failure(const asio::error_code& error) const;
  void note_arrival();

  Resolver& resolver_;
  Phases& phases_;
  std::vector<Udp::endpoint> endpoints_;
  std::optional<Udp::socket> socket_;
  std::optional<asio::steady_timer> timer_;
  std::optional<asio::any_io_executor> loop_;
  SteadyTime armed_for_{};
  bool cut_ = false;  // the deadline has passed

  SteadyTime first_sent_{};  // since `use`
  SteadyTime last_taken_{};
  std::string address_;
};

void Datagram::Engine::arm(SteadyTime deadline) {
  if (deadline == armed_for_) return;
  armed_for_ = deadline;
  cut_ = false;
  timer_->expires_at(deadline);
  timer_->async_wait([weak = weak_from_this(), deadline](const asio::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || self->armed_for_ != deadline) return;
    self->cut_ = true;
    asio::error_code ignored;  // a socket that is closed already has nothing to cancel
    self->socket_->cancel(ignored);
  });
}

StreamStatus Datagram::Engine::failure(const asio::error_code& error) const {
  if (cut_) return {NetError::timeout, net_text(NetError::timeout, address_)};
  const NetError kind = net_error_of(error.value());
  return {kind, errno_text(error.value(), address_)};
}

asio::awaitable<StreamStatus> Datagram::Engine::find(StreamTarget target, SteadyTime deadline) {
  loop_ = co_await asio::this_coro::executor;
  timer_.emplace(*loop_);
  const Resolver::Answer found =
      co_await find_addresses(resolver_, target.host, target.family, phases_, deadline);
  if (found.error != NetError::none) co_return StreamStatus{found.error, found.error_text};
  for (const auto& address : found.addresses) endpoints_.emplace_back(address, target.port);
  co_return StreamStatus{};
}

StreamStatus Datagram::Engine::use(std::size_t address) {
  const Udp::endpoint& to = endpoints_.at(address);
  address_ = show_address(to.address(), to.port());
  armed_for_ = {};
  first_sent_ = {};
  last_taken_ = {};
  socket_.emplace(*loop_);
  asio::error_code error;
  socket_->open(to.protocol(), error);
  if (!error) socket_->non_blocking(true, error);
  if (!error) socket_->connect(to, error);
  return error ? failure(error) : StreamStatus{};
}

asio::awaitable<asio::error_code> Datagram::Engine::ready(Udp::socket::wait_type what) {
  asio::error_code error;
  co_await socket_->async_wait(what, asio::redirect_error(asio::use_awaitable, error));
  co_return error;
}

asio::awaitable<StreamStatus> Datagram::Engine::send(std::string_view data, SteadyTime deadline) {
  arm(deadline);
  if (first_sent_ == SteadyTime{}) first_sent_ = steady_clock::now();
  const auto bytes = asio::buffer(data.data(), data.size());
  for (;;) {
    asio::error_code error;
    if (!cut_) socket_->send(bytes, 0, error);
    // What is told here is about a datagram before this one.
    if (!error && !cut_) co_return StreamStatus{};
    if (error != asio::error::would_block || cut_) co_return failure(error);
    co_await ready(Udp::socket::wait_write);
  }
}

// The datagram that is next, as a whole. First one is looked for: its size may only be asked once
// it is there.
asio::error_code Datagram::Engine::take(std::string& into) {
  asio::error_code error;
  char first = 0;
  socket_->receive(asio::buffer(&first, 1), Udp::socket::message_peek, error);
  if (error) return error;
  into.resize(socket_->available(error));
  if (error) return error;
  const auto room = into.empty() ? asio::buffer(&first, 1) : asio::buffer(into.data(), into.size());
  const std::size_t came = socket_->receive(room, 0, error);
  into.resize(error ? 0 : std::min(came, into.size()));
  return error;
}

void Datagram::Engine::note_arrival() {
  const SteadyTime now = steady_clock::now();
  const bool is_first = last_taken_ == SteadyTime{};
  phases_.add(is_first ? Phase::first_byte : Phase::transfer,
              micros_between(is_first ? first_sent_ : last_taken_, now));
  last_taken_ = now;
}

asio::awaitable<StreamStatus> Datagram::Engine::receive(std::string& into, SteadyTime deadline) {
  into.clear();
  arm(deadline);
  for (;;) {
    asio::error_code error = asio::error::would_block;
    if (!cut_) error = take(into);
    if (!error) {
      note_arrival();
      co_return StreamStatus{};
    }
    if (error != asio::error::would_block || cut_) co_return failure(error);
    co_await ready(Udp::socket::wait_read);
  }
}

// --- Datagram
// --------------------------------------------------------------------------------------

Datagram::Datagram(Resolver& resolver, Phases& phases)
    : engine_(std::make_shared<Engine>(resolver, phases)) {}
Datagram::~Datagram() = default;

asio::awaitable<StreamStatus> Datagram::find(StreamTarget target, SteadyTime deadline) {
  return engine_->find(std::move(target), deadline);
}

std::size_t Datagram::addresses() const noexcept {
  return engine_->addresses();
}

StreamStatus Datagram::use(std::size_t address) {
  return engine_->use(address);
}

asio::awaitable<StreamStatus> Datagram::send(std::string_view data, SteadyTime deadline) {
  return engine_->send(data, deadline);
}

asio::awaitable<StreamStatus> Datagram::receive(std::string& into, SteadyTime deadline) {
  return engine_->receive(into, deadline);
}

const std::string& Datagram::address() const noexcept {
  return engine_->address();
}

}  // namespace tocsin
