// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// How many results a simulated daemon takes in a second: 50 checks, 7 days, a trouble of one of
// them every 20 minutes. Goal: 100,000. `tocsin_bench_replay [checks] [days]` prints one line.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "replay/simulation.h"
#include "util/log.h"

int main(int argc, char** argv) {
  using namespace tocsin;
  const int checks = argc > 1 ? std::atoi(argv[1]) : 50;
  const int days = argc > 2 ? std::atoi(argv[2]) : 7;
  set_log("error", "text");
  const auto config = std::make_shared<Config>();
  config->instance = "bench";
  config->notifiers = {{.name = "ops", .type = "console", .fallback = {}, .notifier = nullptr}};
  const auto notify =
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"ops"});
  for (int i = 0; i < checks; ++i) {
    auto check = std::make_shared<Check>();
    check->name = "web-" + std::to_string(i);
    check->type = "tcp";
    check->notify = notify;
    config->checks.push_back(std::move(check));
  }
  ReplayPlan plan{.config = config, .sinks = {{.notifier = "ops"}}, .world = {}, .from = {}};
  plan.from = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2};
  const WallTime from = plan.from;
  plan.world = [&config, from](const Check& check, WallTime at) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(at - from).count();
    const auto turn = static_cast<std::size_t>(minutes / 20) % config->checks.size();
    Sight sight;
    if (minutes % 20 < 5 && config->checks[turn].get() == &check) {
      sight.verdict = Verdict::down;
      sight.reason = "connection refused";
    }
    return sight;
  };
  const auto began = std::chrono::steady_clock::now();
  Simulation simulation(std::move(plan));
  simulation.run_for(std::chrono::days{days});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const auto results = static_cast<double>(simulation.results());
  std::printf("replay: %d checks, %d days: %.0f results, %zu messages, %.2f s, %.0f results/s\n",
              checks, days, results, simulation.told().size(), took.count(),
              results / took.count());
  return 0;
}
