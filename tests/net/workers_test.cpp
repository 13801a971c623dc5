// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/workers.h"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace tocsin {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

// A gate that jobs wait at until it is opened.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    arrived_.notify_all();
    opened_.wait(lock, [this] { return open_; });
  }
  void await(int many) {
    std::unique_lock lock(mutex_);
    REQUIRE(arrived_.wait_for(lock, seconds{30}, [&] { return waiting_ >= many; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  std::condition_variable arrived_;
  bool open_ = false;
  int waiting_ = 0;
};

asio::awaitable<void> work(Workers& workers, std::uint64_t key, std::function<void()> job,
                           SteadyTime deadline, std::optional<Worked>& into) {
  into = co_await workers.run(key, std::move(job), deadline);
}

struct Bench {
  asio::io_context loop;
  std::optional<Workers> workers;

  explicit Bench(std::size_t most = 4) { workers.emplace(loop, most); }

  void begin(std::uint64_t key, std::function<void()> job, SteadyTime deadline,
             std::optional<Worked>& into) {
    asio::co_spawn(loop, work(*workers, key, std::move(job), deadline, into), asio::detached);
    loop.restart();
    loop.poll();
  }
  Worked run(std::uint64_t key, std::function<void()> job, Millis within) {
    std::optional<Worked> result;
    begin(key, std::move(job), steady_clock::now() + within, result);
    const auto give_up = steady_clock::now() + seconds{30};
    while (!result && steady_clock::now() < give_up) loop.run_one_until(give_up);
    REQUIRE(result);
    return *result;
  }
};

TEST_CASE("workers: a job runs on another thread, and what it gives is there afterwards", "[net]") {
  Bench bench;
  const auto answer = std::make_shared<std::thread::id>();
  CHECK(bench.run(
            1, [answer] { *answer = std::this_thread::get_id(); }, seconds{30}) == Worked::done);
  CHECK(*answer != std::thread::id());
  CHECK(*answer != std::this_thread::get_id());
  for (int i = 0; i < 100; ++i)
    CHECK(bench.run(
              1, [] {}, seconds{30}) == Worked::done);
}

TEST_CASE("workers: a job that hangs is given up, and not begun a second time meanwhile", "[net]") {
  Bench bench;
  const auto gate = std::make_shared<Gate>();
  CHECK(bench.run(
            7, [gate] { gate->pass(); }, Millis{20}) == Worked::late);
  std::atomic<bool> begun{false};
  CHECK(bench.run(
            7, [&begun] { begun = true; }, seconds{30}) == Worked::still_running);
  CHECK_FALSE(begun);
  CHECK(bench.run(
            8, [] {}, seconds{30}) == Worked::done);

  gate->open();
  Worked after = Worked::still_running;
  for (int i = 0; i < 3000 && after == Worked::still_running; ++i) {
    after = bench.run(
        7, [] {}, seconds{30});
    if (after == Worked::still_running) std::this_thread::sleep_for(Millis{10});
  }
  CHECK(after == Worked::done);
}

TEST_CASE("workers: when every thread hangs, that is our side's trouble, and it passes", "[net]") {
  Bench bench(2);
  const auto gate = std::make_shared<Gate>();
  std::optional<Worked> first, second;
  const SteadyTime later = steady_clock::now() + seconds{60};
  bench.begin(
      1, [gate] { gate->pass(); }, later, first);
  bench.begin(
      2, [gate] { gate->pass(); }, later, second);
  gate->await(2);
  const auto begun = std::make_shared<std::atomic<bool>>(false);
  CHECK(bench.run(
            3, [begun] { *begun = true; }, Millis{20}) == Worked::no_worker);
  gate->open();
  CHECK(bench.run(
            4, [] {}, seconds{30}) == Worked::done);
  while ((!first || !second) && steady_clock::now() < later) bench.loop.run_one_until(later);
  CHECK_FALSE(*begun);  // nobody waited for it any more
  CHECK(first == Worked::done);
  CHECK(second == Worked::done);
}

TEST_CASE("workers: they may go while jobs run, and the jobs end in peace", "[net]") {
  const auto gate = std::make_shared<Gate>();
  const auto ended = std::make_shared<Gate>();
  std::optional<Worked> result;
  {
    Bench bench;
    bench.begin(
        1,
        [gate, ended] {
          gate->pass();
          ended->pass();
        },
        steady_clock::now() + seconds{60}, result);
    gate->await(1);
    bench.workers.reset();
  }
  CHECK_FALSE(result);
  gate->open();
  ended->await(1);
  ended->open();
}

}  // namespace
}  // namespace tocsin
