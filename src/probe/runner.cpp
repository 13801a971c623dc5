// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A batch of due checks crosses to its loop in one post, and what is finished by the end of a turn
// of the loop crosses back in one call: the first probe that ends posts the flush, which queues
// behind all that is ready by then.
//
// A probe keeps its deadline by itself; no timer of ours watches it. Only a coarse sweep, which
// runs while probes do, looks for one that did not: that is a bug of ours and no news of the
// target. It takes two sweeps to be found guilty, since a machine that stood still wakes up with
// every timer due at once, the sweep's own perhaps first. And whoever was cut long after its
// deadline was cut by such a standstill: it says nothing about the target either.
#include "probe/runner.h"

#include <pthread.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "probe/probe_tools.h"
#include "util/duration.h"
#include "util/log.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr Millis kSweep{500};
constexpr Millis kOverrun{1000};
constexpr Millis kStandstill{500};

// A probe that runs, in the list of its loop. It lives in the probe's own coroutine, so that a
// probe costs no allocation for it.
class Running {
 public:
  Running(Running*& first, std::uint32_t check, SteadyTime deadline) noexcept
      : check_(check), deadline_(deadline), first_(first), next_(first) {
    if (next_ != nullptr) next_->previous_ = this;
    first_ = this;
  }
  ~Running() {
    (previous_ == nullptr ? first_ : previous_->next_) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  std::uint32_t check() const noexcept { return check_; }
  Running* next() const noexcept { return next_; }
  bool given_up() const noexcept { return strikes_ >= 2; }
  // True once: when it has overrun for the second time.
  bool strike(SteadyTime now) noexcept {
    return now > deadline_ + kOverrun && !given_up() && ++strikes_ == 2;
  }

 private:
  const std::uint32_t check_;
  const SteadyTime deadline_;
  int strikes_ = 0;
  Running*& first_;
  Running* next_;
  Running* previous_ = nullptr;
};

Result unknown(std::string reason) {
  Result result;
  result.verdict = Verdict::unknown;
  result.reason = std::move(reason);
  return result;
}

Result overrun() {
  return unknown("the probe did not end in time (a bug in Tocsin)");
}

// The probe's own result, unless the look failed in a way that the probe cannot know.
asio::awaitable<Result> run(std::shared_ptr<const Prober> prober, ProbeContext& context) {
  const SteadyTime begun = context.clock.steady();
  Result result;
  try {
    result = co_await prober->probe(context);
  } catch (const std::exception& error) {
    result = unknown("the probe failed (a bug in Tocsin): " + printable(error.what(), 200));
  }
  const SteadyTime now = context.clock.steady();
  if (result.took == Micros::zero()) result.took = micros_between(begun, now);
  if (result.verdict == Verdict::down && now > context.deadline + kStandstill) {
    const auto late = std::chrono::duration_cast<Millis>(now - context.deadline);
    result.verdict = Verdict::unknown;
    result.reason =
        "this machine stood still for " + human_duration(late) + " while looking; " + result.reason;
  }
  co_return result;
}

}  // namespace

class ProbeRunner::Loop {
 public:
  Loop(unsigned number, const Clock& clock, Events events, const HeartbeatBoard* heartbeats);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start(std::vector<Due> batch);
  void forget(std::uint32_t check);

 private:
  void work();
  asio::awaitable<void> probe(Due due);
  void finish(Done done);
  void look_again(std::uint32_t check);
  void flush_soon();
  void flush();
  void sweep_later();
  void sweep();

  const Clock& clock_;
  const Events events_;
  const HeartbeatBoard* const heartbeats_;
  std::vector<Done> done_;
  std::vector<std::uint32_t> look_again_;
  bool flushing_ = false;
  bool sweeping_ = false;
  Running* running_ = nullptr;
  ProbeTools tools_;  // below what the probes on it refer to
  asio::executor_work_guard<asio::io_context::executor_type> stay_;
  std::optional<asio::steady_timer> sweeper_;
  std::thread thread_;
};

ProbeRunner::Loop::Loop(unsigned number, const Clock& clock, Events events,
                        const HeartbeatBoard* heartbeats)
    : clock_(clock),
      events_(std::move(events)),
      heartbeats_(heartbeats),
      tools_([this](std::uint32_t check) { look_again(check); }),
      stay_(tools_.loop().get_executor()),
      sweeper_(tools_.loop()),
      thread_([this] { work(); }) {
  pthread_setname_np(thread_.native_handle(), ("probe-" + std::to_string(number)).c_str());
}

ProbeRunner::Loop::~Loop() {
  tools_.loop().stop();
  thread_.join();
}

void ProbeRunner::Loop::work() {
  while (!tools_.loop().stopped()) {
    try {
      tools_.loop().run();
    } catch (const std::exception& error) {
      log(LogLevel::error, "probe_loop", "error", error.what(), "effect", "goes on");
    }
  }
}

void ProbeRunner::Loop::start(std::vector<Due> batch) {
  asio::post(tools_.loop(), [this, probes = std::move(batch)]() mutable {
    for (Due& due : probes) {
      asio::co_spawn(tools_.loop(), probe(std::move(due)), asio::detached);
    }
    sweep_later();
  });
}

void ProbeRunner::Loop::forget(std::uint32_t check) {
  asio::post(tools_.loop(), [this, check] {
    tools_.processes().forget(check);
    tools_.units().forget(check);
  });
}

asio::awaitable<void> ProbeRunner::Loop::probe(Due due) {
  const SteadyTime begun = clock_.steady();
  ProbeContext context = tools_.context(clock_, begun + due.timeout);
  context.check = due.check;
  context.heartbeats = heartbeats_;
  const Running running(running_, due.check, context.deadline);
  // Not within the braces of Done: gcc 12 then copies the result's strings bit by bit.
  Result result = co_await run(std::move(due.prober), context);
  if (!running.given_up())
    finish(Done{due.check, std::move(result), micros_between(due.due, begun)});
}

void ProbeRunner::Loop::finish(Done done) {
  done_.push_back(std::move(done));
  flush_soon();
}

void ProbeRunner::Loop::look_again(std::uint32_t check) {
  look_again_.push_back(check);
  flush_soon();
}

void ProbeRunner::Loop::flush_soon() {
  if (std::exchange(flushing_, true)) return;
  asio::post(tools_.loop(), [this] { flush(); });
}

// Results first: a death that is told must find the result that began the watch.
void ProbeRunner::Loop::flush() {
  flushing_ = false;
  if (!done_.empty()) events_.done(std::exchange(done_, {}));
  for (const std::uint32_t check : std::exchange(look_again_, {})) events_.look_again(check);
}

void ProbeRunner::Loop::sweep_later() {
  if (running_ == nullptr || std::exchange(sweeping_, true)) return;
  sweeper_->expires_after(kSweep);
  sweeper_->async_wait([this](const asio::error_code& error) {
    sweeping_ = false;
    if (!error) sweep();
  });
}

void ProbeRunner::Loop::sweep() {
  const SteadyTime now = clock_.steady();
  for (Running* probe = running_; probe != nullptr; probe = probe->next()) {
    if (probe->strike(now)) finish(Done{probe->check(), overrun(), Micros::zero()});
  }
  sweep_later();
}

// --- ProbeRunner
// ------------------------------------------------------------------------------------

ProbeRunner::ProbeRunner(unsigned threads, const Clock& clock, Events events,
                         const HeartbeatBoard* heartbeats) {
  for (unsigned i = 0; i < std::max(threads, 1U); ++i) {
    loops_.push_back(std::make_unique<Loop>(i, clock, events, heartbeats));
  }
}

ProbeRunner::~ProbeRunner() = default;

void ProbeRunner::start(std::vector<Due> batch) {
  if (batch.empty()) return;
  if (loops_.size() == 1) {
    loops_.front()->start(std::move(batch));
    return;
  }
  std::vector<std::vector<Due>> shares(loops_.size());
  for (Due& due : batch) shares[due.check % loops_.size()].push_back(std::move(due));
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (!shares[i].empty()) loops_[i]->start(std::move(shares[i]));
  }
}

void ProbeRunner::forget(std::uint32_t check) {
  loops_[check % loops_.size()]->forget(check);
}

// --- probe_once
// -------------------------------------------------------------------------------------

namespace {

asio::awaitable<void> run_once(std::shared_ptr<const Prober> prober, ProbeContext& context,
                               std::optional<Result>& into) {
  into = co_await run(std::move(prober), context);
}

}  // namespace

Result probe_once(const Check& check, const Clock& clock, bool explain) {
  std::optional<Result> result;
  std::optional<ProbeContext> context;
  ProbeTools tools([](std::uint32_t) {});
  context.emplace(tools.context(clock, clock.steady() + check.timing.timeout));
  context->explain = explain;
  asio::co_spawn(tools.loop(), run_once(check.prober, *context, result), asio::detached);
  const auto give_up = std::chrono::steady_clock::now() + check.timing.timeout + 2 * kOverrun;
  while (!result && std::chrono::steady_clock::now() < give_up) {
    if (tools.loop().run_one_until(give_up) == 0) break;
  }
  return result ? std::move(*result) : overrun();
}

}  // namespace tocsin
