// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/runner.h"

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "net/stream_fixture.h"
#include "probe/probe_fixture.h"
#include "probe/prober.h"
#include "probe/stranger.h"
#include "support/raw_server.h"

namespace tocsin {
namespace {

using std::chrono::steady_clock;

// A prober that does what a test wants.
class Scripted final : public Prober {
 public:
  using Script = std::function<Result()>;
  explicit Scripted(Script script, Millis wait = Millis{0})
      : script_(std::move(script)), wait_(wait) {}

  asio::awaitable<Result> probe(ProbeContext&) const override {
    if (wait_ > Millis{0}) {
      asio::steady_timer timer(co_await asio::this_coro::executor, wait_);
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return script_();
  }

 private:
  Script script_;
  Millis wait_;
};

Result verdict(Verdict which) {
  Result result;
  result.verdict = which;
  return result;
}

std::shared_ptr<const Prober> scripted(Scripted::Script script, Millis wait = Millis{0}) {
  return std::make_shared<Scripted>(std::move(script), wait);
}

std::shared_ptr<const Prober> always_up() {
  return scripted([] { return verdict(Verdict::up); });
}

// What a runner tells, gathered from its threads.
class Listening {
 public:
  ProbeRunner::Events events() {
    return {[this](std::vector<ProbeRunner::Done> done) {
              const std::lock_guard lock(mutex_);
              ++calls_;
              for (auto& one : done) done_.push_back(std::move(one));
              changed_.notify_all();
            },
            [this](std::uint32_t check) {
              const std::lock_guard lock(mutex_);
              again_.push_back(check);
              changed_.notify_all();
            }};
  }
  // Waits until so many results are there; they are given out.
  std::vector<ProbeRunner::Done> results(std::size_t count) {
    std::unique_lock lock(mutex_);
    wait(lock, [&] { return done_.size() >= count; });
    return std::exchange(done_, {});
  }
  std::vector<std::uint32_t> look_agains(std::size_t count) {
    std::unique_lock lock(mutex_);
    wait(lock, [&] { return again_.size() >= count; });
    return again_;
  }
  std::size_t calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  template <typename Condition>
  void wait(std::unique_lock<std::mutex>& lock, Condition condition) {
    if (!changed_.wait_for(lock, std::chrono::seconds{30}, condition)) {
      throw std::runtime_error("the runner told too little");
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ProbeRunner::Done> done_;
  std::vector<std::uint32_t> again_;
  std::size_t calls_ = 0;
};

ProbeRunner::Due due(std::uint32_t check, std::shared_ptr<const Prober> prober,
                     Millis timeout = std::chrono::seconds{10}) {
  return {check, std::move(prober), timeout, steady_clock::now()};
}

std::size_t threads_named(const std::string& name) {
  std::size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    count += read_file(task.path() / "comm") == name + "\n" ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("runner: a batch comes back as a batch", "[probe]") {
  const SystemClock clock;
  Listening heard;
  ProbeRunner runner(1, clock, heard.events());
  std::vector<ProbeRunner::Due> batch;
  for (std::uint32_t i = 1; i <= 100; ++i) batch.push_back(due(i, always_up()));
  runner.start(std::move(batch));
  const auto results = heard.results(100);
  CHECK(heard.calls() == 1);
  std::set<std::uint32_t> checks;
  for (const auto& done : results) {
    checks.insert(done.check);
    CHECK(done.result.verdict == Verdict::up);
    CHECK(done.result.took >= Micros::zero());
  }
  CHECK(checks.size() == 100);
}

TEST_CASE("runner: lateness is the time from due to begun", "[probe]") {
  const SystemClock clock;
  Listening heard;
  ProbeRunner runner(1, clock, heard.events());
  auto late = due(1, always_up());
  late.due -= std::chrono::seconds{3};
  auto early = due(2, always_up());
  early.due += std::chrono::seconds{3};
  runner.start({late, early});
  for (const auto& done : heard.results(2)) {
    if (done.check == 1) CHECK(done.late >= std::chrono::seconds{3});
    if (done.check == 2) CHECK(done.late == Micros::zero());
  }
}

TEST_CASE("runner: a probe that throws is unknown, and the loop goes on", "[probe]") {
  const SystemClock clock;
  Listening heard;
  ProbeRunner runner(1, clock, heard.events());
  runner.start({due(1, scripted([]() -> Result { throw std::runtime_error("out\nof luck"); }))});
  const auto thrown = heard.results(1);
  CHECK(thrown[0].result.verdict == Verdict::unknown);
  CHECK(thrown[0].result.reason == "the probe failed (a bug in Tocsin): out of luck");
  runner.start({due(1, always_up())});
  CHECK(heard.results(1)[0].result.verdict == Verdict::up);
}

TEST_CASE("runner: a probe that does not end is unknown once, and its late result is dropped",
          "[probe]") {
  const SystemClock clock;
  Listening heard;
  ProbeRunner runner(1, clock, heard.events());
  runner.start({due(1, scripted([] { return verdict(Verdict::up); }, Millis{2600}), Millis{100}),
                due(2, scripted([] { return verdict(Verdict::up); }, Millis{3000}))});
  const auto first = heard.results(1);
  REQUIRE(first.size() == 1);
  CHECK(first[0].check == 1);
  CHECK(first[0].result.verdict == Verdict::unknown);
  CHECK(first[0].result.reason == "the probe did not end in time (a bug in Tocsin)");
  const auto second = heard.results(1);
  REQUIRE(second.size() == 1);
  CHECK(second[0].check == 2);
}

TEST_CASE("runner: what a standstill of this machine cut is unknown, not down", "[probe]") {
  const SystemClock clock;
  Listening heard;
  ProbeRunner runner(1, clock, heard.events());
  const auto stand_still = [] {
    const auto end = steady_clock::now() + Millis{900};
    while (steady_clock::now() < end) {
    }
    Result result = verdict(Verdict::down);
    result.reason = "timed out after 100 ms";
    return result;
  };
  runner.start({due(1, scripted(stand_still), Millis{100})});
  const Result result = heard.results(1)[0].result;
  CHECK(result.verdict == Verdict::unknown);
  CHECK_THAT(result.reason, Catch::Matches("this machine stood still for [0-9]+ ms while looking; "
                                           "timed out after 100 ms"));
}

TEST_CASE("runner: a check stays on its loop, and the loops are named threads", "[probe]") {
  const SystemClock clock;
  Listening heard;
  std::mutex mutex;
  std::map<int, std::set<std::thread::id>> seen;
  const auto note = [&](int check) {
    return scripted([&, check] {
      const std::lock_guard lock(mutex);
      seen[check].insert(std::this_thread::get_id());
      return verdict(Verdict::up);
    });
  };
  ProbeRunner runner(2, clock, heard.events());
  for (int round = 0; round < 20; ++round) runner.start({due(1, note(1)), due(2, note(2))});
  heard.results(40);
  const std::lock_guard lock(mutex);
  CHECK(seen[1].size() == 1);
  CHECK(seen[2].size() == 1);
  CHECK(seen[1] != seen[2]);
  CHECK(threads_named("probe-0") == 1);
  CHECK(threads_named("probe-1") == 1);
}

TEST_CASE("runner: it stops at once, whatever its probes wait for", "[probe]") {
  const SystemClock clock;
  const BlackHole hole;
  const RawServer silent([](RawConnection& connection) { connection.hold(); });
  const std::string tcp = std::to_string(silent.port());
  std::vector<std::string> keys{
      "tcp: '127.0.0.1:" + std::to_string(hole.port()) + "'",
      "tcp: {host: 127.0.0.1, port: " + tcp + ", expect: x}",
      "tcp: {host: 127.0.0.1, port: " + tcp + ", tls: true}",
      "http: 'http://127.0.0.1:" + tcp + "/'",
      "http: 'https://127.0.0.1:" + tcp + "/'",
      "http: 'http://127.0.0.1:" + std::to_string(hole.port()) + "/'",
      "tcp: 'a-name-that-is-asked-for.invalid:80'",
      "http: 'http://a-name-that-is-asked-for.invalid/'",
  };
  std::vector<ProbeRunner::Due> batch{
      due(99, scripted([] { return verdict(Verdict::up); }, std::chrono::hours{1}))};
  for (const std::string& one : keys) {
    for (std::uint32_t i = 0; i < 5; ++i) batch.push_back(due(i, make_check(one)->prober));
  }
  Listening heard;
  const auto begun = steady_clock::now();
  {
    ProbeRunner runner(2, clock, heard.events());
    runner.start(std::move(batch));
    CHECK(eventually([&] { return silent.connections() >= 20; }));
  }
  CHECK(steady_clock::now() - begun < std::chrono::seconds{60});
}

TEST_CASE("runner: a watched process's death asks for another look, until the check is forgotten",
          "[probe]") {
  const SystemClock clock;
  const OwnProgram program;
  Stranger first(program.path(), program.arguments());
  Stranger second(program.path(), program.arguments());
  const CheckPtr check = make_check("process: " + program.name());
  Listening heard;
  ProbeRunner runner(1, clock, heard.events());
  runner.start({due(3, check->prober), due(4, check->prober)});
  for (const auto& done : heard.results(2)) CHECK(done.result.verdict == Verdict::up);
  runner.forget(4);
  first.die();
  CHECK(heard.look_agains(1) == std::vector<std::uint32_t>{3});
  second.die();
  CHECK(heard.look_agains(2) == std::vector<std::uint32_t>{3, 3});
  runner.start({due(3, check->prober)});
  CHECK(heard.results(1)[0].result.verdict == Verdict::down);
}

TEST_CASE("probe_once: explains when asked to, and gives up on what does not end", "[probe]") {
  const SystemClock clock;
  const CheckPtr check = make_check("process: test_probe");
  CHECK_FALSE(probe_once(*check, clock, true).notes.empty());
  CHECK(probe_once(*check, clock, false).notes.empty());

  Check hanging;
  hanging.timing.timeout = Millis{100};
  hanging.prober = scripted([] { return verdict(Verdict::up); }, std::chrono::hours{1});
  const Result result = probe_once(hanging, clock, false);
  CHECK(result.verdict == Verdict::unknown);
  CHECK(result.reason == "the probe did not end in time (a bug in Tocsin)");
}

}  // namespace tocsin
