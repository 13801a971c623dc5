// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// 1,000 probes of each type, all types side by side. Nothing waits for the slowest of a batch: each
// type has a few probes under way, and the next one begins when one has ended.
#include <algorithm>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <mutex>

#include "probe/aim.h"
#include "probe/probe_fixture.h"
#include "support/nginx.h"

namespace tocsin {
namespace {

// Under way at once of each type. All of them together stay below 1,024 descriptors, which is what
// an ordinary user has.
constexpr std::size_t kAtOnce = 12;

std::size_t entries(const char* folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder),
                                                std::filesystem::directory_iterator()));
}

// Every type against one port, by one prober object each, which both loops use. One thread only.
class Crowd {
 public:
  explicit Crowd(std::uint16_t port) : types_(check_types()) {
    for (const CheckType& type : types_) {
      probers_.push_back(make_check(check_of(type, aimed_at(type, port)))->prober);
    }
  }

  // Runs so many probes of each type and waits for all of them.
  void run(std::size_t each) {
    begun_.assign(types_.size(), 0);
    ended_.assign(types_.size(), 0);
    for (std::size_t type = 0; type < types_.size(); ++type) {
      for (std::size_t slot = 0; slot < kAtOnce; ++slot) begin(type, slot, each);
    }
    for (std::size_t left = each * types_.size(); left > 0;) {
      for (const auto& done : await()) {
        const std::size_t type = (done.check - 1) / kAtOnce;
        if (done.result.reason.find("a bug in Tocsin") != std::string::npos) {
          FAIL_CHECK(types_[type].name << ": " << done.result.reason);
        }
        ++ended_[type];
        begin(type, (done.check - 1) % kAtOnce, each);
        --left;
      }
    }
  }
  std::size_t least_ended() const { return *std::min_element(ended_.begin(), ended_.end()); }

 private:
  void begin(std::size_t type, std::size_t slot, std::size_t each) {
    if (begun_[type] == each) return;
    ++begun_[type];
    const auto check = static_cast<std::uint32_t>(type * kAtOnce + slot + 1);
    runner_.start(
        {{check, probers_[type], std::chrono::seconds{10}, std::chrono::steady_clock::now()}});
  }
  std::vector<ProbeRunner::Done> await() {
    std::unique_lock lock(mutex_);
    const bool came =
        changed_.wait_for(lock, std::chrono::seconds{60}, [&] { return !done_.empty(); });
    INFO("a probe did not end");
    REQUIRE(came);
    return std::exchange(done_, {});
  }
  void take(std::vector<ProbeRunner::Done> results) {
    const std::lock_guard lock(mutex_);
    std::move(results.begin(), results.end(), std::back_inserter(done_));
    changed_.notify_all();
  }

  const CheckTypes types_;
  std::vector<std::shared_ptr<const Prober>> probers_;
  std::vector<std::size_t> begun_;
  std::vector<std::size_t> ended_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ProbeRunner::Done> done_;  // guarded by mutex_
  const SystemClock clock_;
  ProbeRunner runner_{2,
                      clock_,
                      {[this](auto done) { take(std::move(done)); },
                       [](std::uint32_t) {}}};  // ends before what it reports to
};

}  // namespace

TEST_CASE("contract: probes leave nothing behind, and two at once are safe", "[probe]") {
  const Nginx nginx({});
  Crowd crowd(nginx.port());
  crowd.run(3 * kAtOnce);  // what is kept for good is there now
  const std::size_t descriptors = entries("/proc/self/fd");
  const std::size_t threads = entries("/proc/self/task");
  crowd.run(1000);
  CHECK(crowd.least_ended() == 1000);
  CHECK(entries("/proc/self/fd") <= descriptors);
  // Workers that the load called up go when there is nothing to do for them.
  CHECK(eventually([&] { return entries("/proc/self/task") <= threads; }));
}

}  // namespace tocsin
