// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/alive.h"

#include <pthread.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <string>
#include <thread>
#include <utility>

#include "deliver/loop.h"
#include "net/http_client.h"
#include "net/resolver.h"
#include "util/log.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostBody = 64 * 1024;  // bytes that are waited for, to be polite

bool same(const AliveSettings& a, const AliveSettings& b) {
  return a.url.value() == b.url.value() && a.method == b.method && a.every == b.every &&
         a.timeout == b.timeout;
}

// Why the ping does not count; empty if it does. Never with the URL.
std::string trouble_of(const HttpResponse& response) {
  if (response.error != NetError::none) return response.error_text;
  if (response.status / 100 == 2) return {};
  return "status " + std::to_string(response.status) + ", 2xx expected";
}

}  // namespace

class Alive::Engine {
 public:
  Engine(AliveSettings settings, const std::function<bool()>& healthy)
      : settings_(std::move(settings)), healthy_(healthy) {
    asio::co_spawn(loop_, run(), asio::detached);
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "tocsin-alive");
      loop_.run();
    });
  }
  ~Engine() {
    loop_.stop();
    thread_.join();
    loop_.end();
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const AliveSettings& settings() const noexcept { return settings_; }

 private:
  // A ping that took longer than the interval is followed by the next one at once, never by two.
  asio::awaitable<void> run() {
    asio::steady_timer timer(loop_);
    for (SteadyTime due = std::chrono::steady_clock::now();;) {
      if (healthy_()) {
        tell(trouble_of(co_await ping()));
      } else {
        withhold();
      }
      due = std::max(due + settings_.every, std::chrono::steady_clock::now());
      timer.expires_at(due);
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

  asio::awaitable<HttpResponse> ping() {
    if (std::exchange(withheld_, false)) log(LogLevel::info, "alive", "pings", "resumed");
    HttpRequest request;
    request.method = settings_.method;
    request.url = settings_.url.value();
    request.deadline = std::chrono::steady_clock::now() + settings_.timeout;
    request.body_limit = kMostBody;
    request.want_body = false;
    co_return co_await http_.perform(request);
  }

  // Of failures only the first one is told: the next one's reason may be another in each ping.
  void tell(const std::string& trouble) {
    const bool failing = !trouble.empty();
    if (known_ && failing == failing_) return;
    known_ = true;
    failing_ = failing;
    if (failing) {
      log(LogLevel::warn, "alive", "pings", "failing", "reason", trouble);
    } else {
      log(LogLevel::info, "alive", "pings", "taken");
    }
  }

  void withhold() {
    if (std::exchange(withheld_, true)) return;
    log(LogLevel::warn, "alive", "pings", "withheld", "reason",
        "the scheduler or the sender makes no progress");
  }

  const AliveSettings settings_;
  const std::function<bool()>& healthy_;
  Loop loop_;
  Resolver resolver_{loop_};
  HttpClient http_{loop_, resolver_};
  bool withheld_ = false;
  bool known_ = false;  // whether `failing_` has been found out
  bool failing_ = false;
  std::thread thread_;  // the last: it uses all of the above
};

Alive::Alive(std::function<bool()> healthy) : healthy_(std::move(healthy)) {}

Alive::~Alive() = default;

void Alive::configure(const AliveSettings& settings) {
  if (engine_ && same(engine_->settings(), settings)) return;
  engine_.reset();
  if (settings.url.empty()) return;
  try {
    engine_ = std::make_unique<Engine>(settings, healthy_);
  } catch (const std::exception& error) {
    // The pages matter more: who listens for the pings will say that none come.
    log(LogLevel::error, "alive", "error", error.what());
  }
}

void Alive::stop() noexcept {
  engine_.reset();
}

}  // namespace tocsin
