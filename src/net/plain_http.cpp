// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// connect ─► the socket is writable ─► send ─► the socket is readable ─► receive, digest ─► close
//
// Eight system calls, as many as a bare loop needs. A descriptor that is closed leaves the epoll
// set by itself. Deadlines are looked at all together, in steps of kTick: one timer serves all.
#include "net/plain_http.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>

#include "net/plain_answer.h"
#include "net/plain_request.h"
#include "net/socket_address.h"

namespace tocsin {
namespace {

constexpr std::size_t kIdleTransfers = 64;
constexpr std::size_t kReceiveBytes = 16 * 1024;
constexpr Millis kTick{5};

using Waiter = asio::async_result<asio::use_awaitable_t<>, void()>::handler_type;

SteadyTime steady_now() noexcept {
  return std::chrono::steady_clock::now();
}

// Where a redirect leads, absolute, worked out by libcurl's rules; the text as it came if that is
// no URL, so that it is refused as what it is.
std::string resolve_location(const std::string& base, const std::string& location) {
  CURLU* const url = curl_url();
  if (url == nullptr) return {};
  std::string out = location;
  char* text = nullptr;
  if (curl_url_set(url, CURLUPART_URL, base.c_str(), 0) == CURLUE_OK &&
      curl_url_set(url, CURLUPART_URL, location.c_str(),
                   CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
      curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK) {
    out = text;
    curl_free(text);
  }
  curl_url_cleanup(url);
  return out;
}

// libcurl's code for what became of the answer; explain_failure has the words.
int code_of(PlainAnswer::Step step, const HttpResponse& response, Exchange& exchange) {
  switch (step) {
    case PlainAnswer::Step::more:
    case PlainAnswer::Step::done: return CURLE_OK;
    case PlainAnswer::Step::ended:
      return response.status != 0 ? CURLE_PARTIAL_FILE : CURLE_GOT_NOTHING;
    case PlainAnswer::Step::not_http: return CURLE_WEIRD_SERVER_REPLY;
    case PlainAnswer::Step::bad_chunk: exchange.detail = "chunk"; return CURLE_RECV_ERROR;
    case PlainAnswer::Step::head_too_large:
      exchange.headers_too_large = true;
      return CURLE_WRITE_ERROR;
  }
  return CURLE_WEIRD_SERVER_REPLY;
}

}  // namespace

struct PlainHttp::Transfer {
  std::size_t place = 0;  // in transfers_
  int descriptor = -1;
  Exchange* exchange = nullptr;  // null: idle
  std::optional<Waiter> waiter;
  std::string request;
  std::size_t sent = 0;
  PlainAnswer answer;
  SteadyTime begun{};
  SteadyTime connected{};
  SteadyTime first_byte{};
  SteadyTime until{};  // of the connecting, then of the whole

  void reset(Exchange& to);
};

void PlainHttp::Transfer::reset(Exchange& to) {
  exchange = &to;
  sent = 0;
  begun = steady_now();
  connected = first_byte = SteadyTime{};
  until = to.request.deadline;
  if (to.connect_limit > Millis::zero()) until = std::min(until, begun + to.connect_limit);
  answer.begin(to.request, to.response);
}

PlainHttp::PlainHttp(asio::io_context& loop) : loop_(loop), io_(loop, *this) {}

PlainHttp::~PlainHttp() {
  for (const auto& transfer : transfers_) {
    transfer->exchange = nullptr;
    close(*transfer);
  }
  // The frames of those who wait go with it, and look at nothing of ours.
  const auto transfers = std::move(transfers_);
}

asio::awaitable<void> PlainHttp::run(Exchange& exchange, const PlainUrl& url,
                                     const asio::ip::address& address) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [this, &exchange, &url, &address](Waiter waiter) {
        Transfer& transfer = take();
        transfer.reset(exchange);
        auto slot = asio::get_associated_cancellation_slot(waiter);
        transfer.waiter.emplace(std::move(waiter));
        if (slot.is_connected()) {
          slot.assign([this, &transfer](asio::cancellation_type type) {
            if (type == asio::cancellation_type::none || transfer.exchange == nullptr) return;
            transfer.exchange->aborted = true;
            finish_soon(transfer);
          });
        }
        begin(transfer, url, address);
      },
      asio::use_awaitable);
}

PlainHttp::Transfer& PlainHttp::take() {
  if (!idle_.empty()) {
    Transfer* const transfer = idle_.back();
    idle_.pop_back();
    return *transfer;
  }
  transfers_.push_back(std::make_unique<Transfer>());
  transfers_.back()->place = transfers_.size() - 1;
  return *transfers_.back();
}

void PlainHttp::begin(Transfer& transfer, const PlainUrl& url, const asio::ip::address& address) {
  write_plain_request(transfer.exchange->request, url, transfer.request);
  sockaddr_storage to;
  const socklen_t size = socket_address(address, url.port, to);
  const int descriptor = ::socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int error = descriptor < 0 ? errno : 0;
  if (error == 0) {
    transfer.descriptor = descriptor;
    const auto index = static_cast<std::size_t>(descriptor);
    if (index >= by_descriptor_.size()) by_descriptor_.resize(index + 64);
    by_descriptor_[index] = &transfer;
    const bool begun = ::connect(descriptor, reinterpret_cast<sockaddr*>(&to), size) == 0;
    if (!begun && errno != EINPROGRESS) error = errno;
    if (error == 0) error = io_.watch(descriptor, LibraryLoop::kWrite);
  }
  if (error != 0) {
    transfer.exchange->code = CURLE_COULDNT_CONNECT;
    transfer.exchange->os_error = error;
    return finish_soon(transfer);
  }
  if (transfer.until < next_look_) io_.call_at(next_look_ = transfer.until + kTick);
}

void PlainHttp::on_ready(int descriptor, unsigned what) {
  const auto index = static_cast<std::size_t>(descriptor);
  Transfer* const transfer = index < by_descriptor_.size() ? by_descriptor_[index] : nullptr;
  if (transfer != nullptr) go_on(*transfer, what);
}

void PlainHttp::go_on(Transfer& transfer, unsigned what) {
  if (transfer.connected != SteadyTime{}) {
    return transfer.sent < transfer.request.size() ? send(transfer) : receive(transfer);
  }
  if ((what & LibraryLoop::kError) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(transfer.descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(transfer, CURLE_COULDNT_CONNECT, error);
  }
  transfer.connected = steady_now();
  transfer.until = transfer.exchange->request.deadline;
  transfer.exchange->connected = true;
  send(transfer);
}

void PlainHttp::send(Transfer& transfer) {
  const std::string& bytes = transfer.request;
  const ssize_t count = ::send(transfer.descriptor, bytes.data() + transfer.sent,
                               bytes.size() - transfer.sent, MSG_NOSIGNAL);
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    return fail(transfer, CURLE_SEND_ERROR);
  }
  transfer.sent += static_cast<std::size_t>(count);
  transfer.exchange->response.sent = true;
  if (transfer.sent < bytes.size()) return;
  if (const int error = io_.watch(transfer.descriptor, LibraryLoop::kRead); error != 0) {
    fail(transfer, CURLE_OUT_OF_MEMORY);
  }
}

void PlainHttp::receive(Transfer& transfer) {
  std::array<char, kReceiveBytes> buffer;
  const ssize_t count = ::recv(transfer.descriptor, buffer.data(), buffer.size(), 0);
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    if (errno == ECONNRESET) transfer.exchange->detail = "reset";
    return fail(transfer, CURLE_RECV_ERROR);
  }
  if (count > 0 && transfer.first_byte == SteadyTime{}) transfer.first_byte = steady_now();
  const auto step = transfer.answer.take(buffer.data(), static_cast<std::size_t>(count));
  if (step == PlainAnswer::Step::more) return;
  transfer.exchange->code = code_of(step, transfer.exchange->response, *transfer.exchange);
  finish(transfer);
}

void PlainHttp::fail(Transfer& transfer, int code, int error) {
  transfer.exchange->code = code;
  transfer.exchange->os_error = error;
  finish(transfer);
}

// What each part took; those that were waited for in vain too.
void PlainHttp::finish(Transfer& transfer) {
  Exchange& exchange = *transfer.exchange;
  HttpResponse& response = exchange.response;
  const SteadyTime now = steady_now();
  if (!exchange.connected) {
    response.phases.add(Phase::connect, micros_between(transfer.begun, now));
  } else {
    response.phases.add(Phase::connect, micros_between(transfer.begun, transfer.connected));
    const bool answered = transfer.first_byte != SteadyTime{};
    const SteadyTime first = answered ? transfer.first_byte : now;
    response.phases.add(Phase::first_byte, micros_between(transfer.connected, first));
    if (answered) response.phases.add(Phase::transfer, micros_between(first, now));
  }
  if (exchange.code == CURLE_OK && response.status / 100 == 3 &&
      !transfer.answer.location().empty()) {
    response.location = resolve_location(exchange.request.url, transfer.answer.location());
  }
  close(transfer);
  Waiter waiter = std::move(*transfer.waiter);
  transfer.waiter.reset();
  transfer.exchange = nullptr;
  if (idle_.size() < kIdleTransfers) {
    idle_.push_back(&transfer);
  } else {
    const std::size_t place = transfer.place;
    std::swap(transfers_[place], transfers_.back());
    transfers_[place]->place = place;
    transfers_.pop_back();
  }
  waiter();
}

// Not from inside whoever begins or cancels it.
void PlainHttp::finish_soon(Transfer& transfer) {
  close(transfer);
  Waiter waiter = std::move(*transfer.waiter);
  transfer.waiter.reset();
  transfer.exchange = nullptr;
  idle_.push_back(&transfer);
  asio::post(loop_, std::move(waiter));
}

void PlainHttp::close(Transfer& transfer) {
  if (transfer.descriptor < 0) return;
  io_.closing(transfer.descriptor);
  by_descriptor_[static_cast<std::size_t>(transfer.descriptor)] = nullptr;
  ::close(transfer.descriptor);
  transfer.descriptor = -1;
}

void PlainHttp::on_timeout() {
  const SteadyTime now = steady_now();
  next_look_ = SteadyTime::max();
  for (std::size_t i = transfers_.size(); i-- > 0;) {
    Transfer& transfer = *transfers_[i];
    if (transfer.exchange == nullptr) continue;
    if (transfer.until <= now) {
      fail(transfer, CURLE_OPERATION_TIMEDOUT);
      i = std::min(i, transfers_.size());
    } else {
      next_look_ = std::min(next_look_, transfer.until + kTick);
    }
  }
  if (next_look_ != SteadyTime::max()) io_.call_at(next_look_);
}

}  // namespace tocsin
