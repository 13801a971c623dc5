// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors

// /metrics: what it tells, and that Prometheus' own tool takes it.

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "util/text.h"
#include "web/fakes.h"

using namespace tocsin;

namespace {

// The snapshot with something of everything in it.
std::shared_ptr<Snapshot> full_snapshot() {
  MadeCheck tls("tls");
  tls.view->certificate_days = 12;
  tls.view->probes = 99;
  auto out =
      made_snapshot({tls, MadeCheck(kHostile, State::down), MadeCheck("new", State::pending)});
  out->instance = kHostile;
  out->results[0] = 98;
  out->lateness.counts[0] = 5;
  out->lateness.counts[3] = 2;
  out->lateness.counts.back() = 1;
  out->lateness.sum_seconds = 31.5;
  out->notifiers.resize(2);
  out->notifiers[0].name = "ops";
  out->notifiers[0].waiting = 3;
  out->notifiers[0].oldest_waiting = kNoon - std::chrono::seconds{90};
  out->notifiers[0].sent = 10;
  out->notifiers[0].later = 4;
  out->notifiers[0].rejected = 1;
  out->notifiers[1].name = kHostile;
  return out;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("metrics: tell what the snapshot holds", "[web]") {
  FakeSite site;
  site.control.set(full_snapshot());
  const Response response = site.get("/metrics");
  REQUIRE(response.status == 200);
  CHECK(response.content_type == "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line : {
           "tocsin_check_up{check=\"tls\",type=\"http\"} 1",
           "tocsin_check_state{check=\"new\",type=\"http\"} 4",
           "tocsin_check_suspected{check=\"tls\",type=\"http\"} 0",
           "tocsin_check_response_seconds{check=\"tls\",type=\"http\"} 0.012345",
           "tocsin_check_phase_seconds{check=\"tls\",type=\"http\",phase=\"connect\"} 0.0003",
           "tocsin_check_certificate_remaining_seconds{check=\"tls\",type=\"http\"} 1036800",
           "tocsin_check_probes_total{check=\"tls\",type=\"http\"} 99",
           "tocsin_checks{state=\"down\"} 1",
           "tocsin_probes_total{verdict=\"up\"} 98",
           "tocsin_probe_lateness_seconds_bucket{le=\"0.001\"} 5",
           "tocsin_probe_lateness_seconds_bucket{le=\"0.01\"} 7",
           "tocsin_probe_lateness_seconds_bucket{le=\"30\"} 7",
           "tocsin_probe_lateness_seconds_bucket{le=\"+Inf\"} 8",
           "tocsin_probe_lateness_seconds_sum 31.5",
           "tocsin_probe_lateness_seconds_count 8",
           "tocsin_outbox_waiting{notifier=\"ops\"} 3",
           "tocsin_outbox_oldest_seconds{notifier=\"ops\"} 90",
           "tocsin_dead_letters_total{notifier=\"ops\"} 1",
           "tocsin_delivery_attempts_total{notifier=\"ops\",outcome=\"later\"} 4",
           "tocsin_store_ok 1",
           "tocsin_healthy 1",
           "tocsin_config_last_reload_success 1",
       }) {
    CAPTURE(line);
    CHECK(has_line(response.body, line));
  }
  CHECK(response.body.find("tocsin_check_up{check=\"new\"") == std::string::npos);
  CHECK(response.body.find("\ntocsin_start_time_seconds 1795176000") != std::string::npos);
}

TEST_CASE("metrics: a hostile name stays inside its label", "[web]") {
  FakeSite site;
  site.control.set(full_snapshot());
  const std::string body = site.get("/metrics").body;
  CHECK(is_valid_utf8(body));
  std::istringstream lines(body);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK((line.starts_with("# ") || line.starts_with("tocsin_")));
  }
}

TEST_CASE("metrics: promtool takes them without a complaint", "[web]") {
  if (::access("/usr/bin/promtool", X_OK) != 0) {
    WARN("promtool (package prometheus) is not installed: not checked");
    return;
  }
  const auto file =
      std::filesystem::temp_directory_path() / ("tocsin-metrics-" + std::to_string(::getpid()));
  FakeSite site;
  for (const auto& snapshot : {full_snapshot(), made_snapshot({})}) {
    site.control.set(snapshot);
    std::ofstream(file) << site.get("/metrics").body;
    const std::string command = "/usr/bin/promtool check metrics < " + file.string() + " 1>&2";
    const int status = std::system(command.c_str());
    CHECK(WEXITSTATUS(status) == 0);
  }
  std::filesystem::remove(file);
}
