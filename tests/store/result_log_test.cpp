// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "store/result_log.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "support/temp_dir.h"

using namespace tocsin;

namespace {

std::string content(const std::filesystem::path& file) {
  std::ostringstream out;
  out << std::ifstream(file).rdbuf();
  return out.str();
}

Result result(Verdict verdict, std::string reason = {}) {
  Result out;
  out.verdict = verdict;
  out.reason = std::move(reason);
  out.took = Micros{12'700};
  return out;
}

}  // namespace

TEST_CASE("result log: what is noted is in the file when it is gone, behind what was there",
          "[store]") {
  const TempDir dir;
  const auto file = ResultLog::file_in(dir.path());
  for (int run = 0; run < 2; ++run) {
    ResultLog results(file);
    results.note(WallTime{Millis{1'000}}, "web-01", result(Verdict::up));
    results.note(WallTime{Millis{2'500}}, "a/b", result(Verdict::down, "says \"no\" \\ \n bye"));
  }
  const std::string once =
      "{\"at\": \"1970-01-01T00:00:01.000Z\", \"check\": \"web-01\", \"verdict\": \"up\", "
      "\"took_ms\": 12}\n"
      "{\"at\": \"1970-01-01T00:00:02.500Z\", \"check\": \"a/b\", \"verdict\": \"down\", "
      "\"reason\": \"says \\\"no\\\" \\\\ bye\", \"took_ms\": 12}\n";
  CHECK(content(file) == once + once);
}

TEST_CASE("result log: a file that is full makes place, and two of them are kept", "[store]") {
  const TempDir dir;
  const auto file = ResultLog::file_in(dir.path());
  for (int run = 0; run < 10; ++run) {
    ResultLog results(file, 300);
    results.note(WallTime{std::chrono::seconds{run}}, "web-01", result(Verdict::up));
  }
  CHECK(std::filesystem::file_size(file) <= 300);
  CHECK(std::filesystem::file_size(ResultLog::older(file)) <= 300);
  CHECK(content(file).find("00:00:09") != std::string::npos);
  CHECK(content(ResultLog::older(file)).find("00:00:00") == std::string::npos);
  const auto entries = std::filesystem::directory_iterator(dir.path());
  CHECK(std::distance(begin(entries), end(entries)) == 2);
}

TEST_CASE("result log: a place that cannot be written to stops nobody", "[store]") {
  ResultLog results("/proc/nobody/results.jsonl");
  results.note(WallTime{}, "web-01", result(Verdict::up));
}
