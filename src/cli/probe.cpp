// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// `tocsin probe`: looks now, without a daemon. Named checks are looked at one by one with
// everything that was asked and answered; --all looks at every check at once, as the daemon would,
// and sums up.
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string_view>

#include "cli/commands.h"
#include "cli/load_or_complain.h"
#include "cli/terminal.h"
#include "probe/runner.h"
#include "util/system_clock.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kAtOnce =
    200;  // of --all: enough for hanging targets, few enough for any machine

// What the worst of several makes of the exit code: down is worse than unknown is worse than
// degraded.
int severity(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::up: return 0;
    case Verdict::degraded: return 1;
    case Verdict::unknown: return 2;
    case Verdict::down: return 3;
  }
  return 3;
}

int exit_code(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::up: return 0;
    case Verdict::degraded: return 1;
    case Verdict::down: return 2;
    case Verdict::unknown: return 3;
  }
  return 3;
}

Verdict worse(Verdict a, Verdict b) noexcept {
  return severity(b) > severity(a) ? b : a;
}

void print_row(std::string_view key, std::string_view value) {
  std::printf("  %s %.*s\n", padded(key, 12).c_str(), static_cast<int>(value.size()), value.data());
}

void print_result(const Check& check, const Result& result, bool colour) {
  std::printf("%s  %s\n", coloured(result.verdict, colour).c_str(), check.name.c_str());
  print_row("type", check.type);
  print_row("target", check.target);
  if (!result.address.empty()) print_row("address", result.address);
  if (!result.reason.empty()) print_row("reason", result.reason);
  for (const Phase phase : kPhases) {
    if (const auto time = result.phases.get(phase)) {
      const std::string_view name = phase == Phase::first_byte ? "first byte" : to_string(phase);
      print_row(name, show_time(*time));
    }
  }
  print_row("total", show_time(result.took));
  if (result.certificate_days) {
    print_row("certificate", std::to_string(*result.certificate_days) + " days left");
  }
  for (const std::string& note : result.notes) std::printf("    %s\n", note.c_str());
}

const Check* find_check(const Config& config, const std::string& name) {
  for (const CheckPtr& check : config.checks) {
    if (check->name == name) return check.get();
  }
  std::vector<std::string_view> names;
  for (const CheckPtr& check : config.checks) names.push_back(check->name);
  const std::string_view near = nearest(name, names);
  std::fprintf(stderr, "tocsin: no check is named \"%s\"%s\n", printable(name, 200).c_str(),
               near.empty() ? "" : ("; did you mean \"" + std::string(near) + "\"?").c_str());
  return nullptr;
}

int probe_named(const Config& config, const std::vector<std::string>& names) {
  const SystemClock clock;
  const bool colour = wants_colour(stdout);
  Verdict worst = Verdict::up;
  bool missing = false;
  for (const std::string& name : names) {
    const Check* check = find_check(config, name);
    if (check == nullptr) {
      missing = true;
      continue;
    }
    const Result result = probe_once(*check, clock, true);
    print_result(*check, result, colour);
    worst = worse(worst, result.verdict);
  }
  // "no such check" is Nagios' unknown, and only a target that is really down is worse.
  if (missing) worst = worse(worst, Verdict::unknown);
  return exit_code(worst);
}

// Every check of a configuration, a bounded number at a time.
class Round {
 public:
  explicit Round(const Config& config) : config_(config), results_(config.checks.size()) {}

  std::vector<Result> run() {
    const bool progress = isatty(STDERR_FILENO) == 1;
    ProbeRunner runner(
        config_.probe_threads, clock_,
        {.done = [this](std::vector<ProbeRunner::Done> batch) { take(std::move(batch)); },
         .look_again = [](std::uint32_t) {}});
    std::size_t begun = 0;
    std::unique_lock lock(mutex_);
    while (done_ < results_.size()) {
      std::vector<ProbeRunner::Due> batch;
      for (; begun < results_.size() && begun - done_ < kAtOnce; ++begun)
        batch.push_back(due(begun));
      if (!batch.empty()) runner.start(std::move(batch));
      const std::size_t before = done_;
      changed_.wait(lock, [&] { return done_ > before; });
      if (progress) std::fprintf(stderr, "\rprobed %zu of %zu", done_, results_.size());
    }
    if (progress) std::fputs("\r\x1b[K", stderr);
    return std::move(results_);
  }

 private:
  ProbeRunner::Due due(std::size_t index) const {
    const Check& check = *config_.checks[index];
    return {static_cast<std::uint32_t>(index), check.prober, check.timing.timeout, clock_.steady()};
  }

  void take(std::vector<ProbeRunner::Done> batch) {
    const std::lock_guard lock(mutex_);
    for (ProbeRunner::Done& done : batch) results_[done.check] = std::move(done.result);
    done_ += batch.size();
    changed_.notify_one();
  }

  const Config& config_;
  const SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Result> results_;
  std::size_t done_ = 0;
};

int probe_all(const Config& config) {
  const std::vector<Result> results = Round(config).run();
  const bool colour = wants_colour(stdout);
  std::vector<std::size_t> order(results.size());
  std::size_t counts[4] = {};
  std::size_t width = 4;
  for (std::size_t i = 0; i < results.size(); ++i) {
    order[i] = i;
    ++counts[static_cast<std::size_t>(results[i].verdict)];
    width = std::max(width, config.checks[i]->name.size());
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return severity(results[a].verdict) > severity(results[b].verdict);
  });
  Verdict worst = Verdict::up;
  for (const std::size_t i : order) {
    worst = worse(worst, results[i].verdict);
    const std::string word = coloured(results[i].verdict, colour);
    const std::size_t escape = word.size() - to_string(results[i].verdict).size();
    std::printf("%s  %s  %9s  %s\n", padded(word, 8 + escape).c_str(),
                padded(config.checks[i]->name, width).c_str(), show_time(results[i].took).c_str(),
                results[i].reason.c_str());
  }
  std::printf("%zu checks: %zu up, %zu degraded, %zu down, %zu unknown\n", results.size(),
              counts[0], counts[1], counts[2], counts[3]);
  return exit_code(worst);
}

}  // namespace

int probe(const ProbeOptions& options) {
  const auto config = load_or_complain(options.file);
  if (!config) return 3;
  return options.all ? probe_all(*config) : probe_named(*config, options.names);
}

}  // namespace tocsin
