// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The hot path of every HTTP probe. An easy handle is set up once and kept; the usual probe (GET,
// nothing sent, a fresh connection) changes its URL, headers, address and timeout and nothing else.
// A request that needs more leaves a handle behind that is reset before its next use. There is no
// timer, descriptor or allocation of ours for a request: libcurl has the one timeout, LibraryLoop
// the one descriptor.
//
// libcurl may call back only from within its own calls; the coroutine that waits is resumed after
// them, from curl_multi_info_read's loop, where new transfers may begin.
//
// libcurl resolves nothing here: its host is an address, or CURLOPT_CONNECT_TO names one. Its DNS
// cache, which would hold even addresses and is walked through at the end of each transfer, is off.
#include "net/curl_engine.h"

#include <curl/curl.h>

#include <algorithm>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <cstring>
#include <stdexcept>

#include "net/curl_transfer.h"

namespace tocsin {
namespace {

// Idle handles kept: enough for every probe of a slot. A burst's are given back.
constexpr std::size_t kIdleHandles = 64;

// libcurl's global state, once for the process. Throws std::runtime_error.
void set_up_libcurl() {
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK) throw std::runtime_error("libcurl cannot be set up");
}

}  // namespace

using Waiter = asio::async_result<asio::use_awaitable_t<>, void()>::handler_type;

struct CurlEngine::Transfer : CurlTransfer {
  std::size_t place = 0;  // in transfers_
  std::optional<Waiter> waiter;
};

struct CurlEngine::Glue {
  static int on_socket(CURL* easy, curl_socket_t descriptor, int what, void* self, void*) {
    auto& engine = *static_cast<CurlEngine*>(self);
    if (what == CURL_POLL_REMOVE || what == CURL_POLL_NONE) {
      engine.io_.forget(descriptor);
      return 0;
    }
    static_assert(CURL_POLL_IN == LibraryLoop::kRead && CURL_POLL_OUT == LibraryLoop::kWrite);
    const int error = engine.io_.watch(descriptor, static_cast<unsigned>(what));
    if (error == 0) return 0;
    // Returning an error would end every transfer of the multi handle, not this one.
    char* transfer = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    if (transfer != nullptr) reinterpret_cast<Transfer*>(transfer)->own_error = error;
    engine.unwatched_ = true;
    engine.io_.call_soon();
    return 0;
  }

  static int on_timer(CURLM*, long milliseconds, void* self) {
    auto& io = static_cast<CurlEngine*>(self)->io_;
    if (milliseconds < 0) {
      io.call_never();
    } else if (milliseconds == 0) {
      io.call_soon();
    } else {
      io.call_at(std::chrono::steady_clock::now() + Millis{milliseconds});
    }
    return 0;
  }
};

CurlEngine::CurlEngine(asio::io_context& loop) : loop_(loop), io_(loop, *this) {
  set_up_libcurl();
  multi_ = curl_multi_init();
  if (multi_ == nullptr) throw std::runtime_error("libcurl cannot be set up");
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Glue::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Glue::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

CurlEngine::~CurlEngine() {
  for (const auto& transfer : transfers_) {
    if (transfer->exchange != nullptr) curl_multi_remove_handle(multi_, transfer->easy());
    transfer->exchange = nullptr;
  }
  // Their frames go with them, and look at nothing of ours.
  const auto transfers = std::move(transfers_);
  for (const auto& transfer : transfers) transfer->close();
  curl_multi_cleanup(multi_);
}

asio::awaitable<void> CurlEngine::run(Exchange& exchange) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [this, &exchange](Waiter waiter) { begin(exchange, std::move(waiter)); },
      asio::use_awaitable);
}

template <typename Handler>
void CurlEngine::begin(Exchange& exchange, Handler handler) {
  Transfer* const transfer = take();
  if (transfer == nullptr || !transfer->prepare(exchange) ||
      curl_multi_add_handle(multi_, transfer->easy()) != CURLM_OK) {
    exchange.aborted = true;
    exchange.code = CURLE_OUT_OF_MEMORY;
    if (transfer != nullptr) give_back(*transfer);
    asio::post(loop_, std::move(handler));
    return;
  }
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected()) {
    slot.assign([this, transfer](asio::cancellation_type type) {
      if (type != asio::cancellation_type::none) abort(*transfer);
    });
  }
  transfer->waiter.emplace(std::move(handler));
}

CurlEngine::Transfer* CurlEngine::take() {
  if (!idle_.empty()) {
    Transfer* const transfer = idle_.back();
    idle_.pop_back();
    return transfer;
  }
  auto transfer = std::make_unique<Transfer>();
  transfer->loop = &loop_;
  if (!transfer->open()) return nullptr;
  transfer->place = transfers_.size();
  transfers_.push_back(std::move(transfer));
  return transfers_.back().get();
}

void CurlEngine::give_back(Transfer& transfer) {
  transfer.clear();
  if (idle_.size() < kIdleHandles) {
    idle_.push_back(&transfer);
    return;
  }
  const std::size_t place = transfer.place;
  std::swap(transfers_[place], transfers_.back());
  transfers_[place]->place = place;
  transfers_.pop_back();
}

void CurlEngine::finish(Transfer& transfer, int code) {
  transfer.collect(code);
  curl_multi_remove_handle(multi_, transfer.easy());
  Waiter waiter = std::move(*transfer.waiter);
  transfer.waiter.reset();
  give_back(transfer);
  waiter();
}

void CurlEngine::abort(Transfer& transfer) {
  transfer.exchange->aborted = true;
  curl_multi_remove_handle(multi_, transfer.easy());
  // Not from inside whoever cancels.
  asio::post(loop_, std::move(*transfer.waiter));
  transfer.waiter.reset();
  give_back(transfer);
}

void CurlEngine::reap() {
  if (unwatched_) {
    unwatched_ = false;
    for (std::size_t i = transfers_.size(); i-- > 0;) {
      Transfer& transfer = *transfers_[i];
      if (transfer.exchange != nullptr && transfer.own_error != 0) {
        finish(transfer, CURLE_COULDNT_CONNECT);
        i = std::min(i, transfers_.size());
      }
    }
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const int code = message->data.result;
    char* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    finish(*reinterpret_cast<Transfer*>(transfer), code);
  }
}

void CurlEngine::on_ready(int descriptor, unsigned what) {
  int bits = 0;
  if ((what & LibraryLoop::kRead) != 0) bits |= CURL_CSELECT_IN;
  if ((what & LibraryLoop::kWrite) != 0) bits |= CURL_CSELECT_OUT;
  if ((what & LibraryLoop::kError) != 0) bits |= CURL_CSELECT_ERR;
  int running = 0;
  curl_multi_socket_action(multi_, descriptor, bits, &running);
  reap();
}

void CurlEngine::on_timeout() {
  int running = 0;
  curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  reap();
}

}  // namespace tocsin
