// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// What holds for every type of check without this file being told its name: a type says itself
// which keys it has (see RecordingSettings), and by these it is pointed at a target.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "net/stream_fixture.h"
#include "probe/aim.h"
#include "probe/probe_fixture.h"
#include "probe/recording_settings.h"
#include "support/nginx.h"

namespace tocsin {
namespace {

constexpr const char* kSecret = "hunter22-and-more";

RecordingSettings::Keys keys_of(const CheckType& type) {
  RecordingSettings::Keys keys;
  RecordingSettings settings(keys);
  type.parse(settings, std::chrono::seconds{10});
  return keys;
}

}  // namespace

TEST_CASE("contract: types are sorted, and each says what it does", "[probe]") {
  const CheckTypes types = check_types();
  REQUIRE_FALSE(types.empty());
  CHECK(std::is_sorted(types.begin(), types.end(),
                       [](const auto& a, const auto& b) { return a.name < b.name; }));
  for (const CheckType& type : types) {
    INFO(type.name);
    CHECK_FALSE(type.summary.empty());
    CHECK(type.summary.back() != '.');
    const auto keys = keys_of(type);
    CHECK_FALSE(keys.empty());
    if (!type.short_key.empty()) CHECK(keys.contains(std::string(type.short_key)));
  }
}

TEST_CASE("contract: each type has an example that loads and shows every key", "[probe]") {
  for (const CheckType& type : check_types()) {
    const std::string name(type.name);
    const auto file =
        std::filesystem::path(TOCSIN_SOURCE_DIR) / "etc" / "examples" / ("check-" + name + ".yaml");
    INFO(file.string());
    REQUIRE(std::filesystem::exists(file));
    LoadOptions options;
    options.resolve_secrets = false;
    const Loaded loaded = load_config(file, check_types(), notifier_types(), options);
    for (const Problem& problem : loaded.problems) {
      if (problem.is_error) FAIL_CHECK(problem.text());
    }
    REQUIRE(loaded.config);
    for (const CheckPtr& check : loaded.config->checks) CHECK(check->type == type.name);
    const std::string text = read_file(file);
    CHECK(text.find("ermission") != std::string::npos);
    for (const auto& [key, kind] : keys_of(type)) {
      INFO(key);
      const std::string last = key.substr(key.rfind('.') + 1);
      CHECK(text.find(last + ":") != std::string::npos);
    }
  }
}

TEST_CASE("contract: an unknown key is refused, with the one that was meant", "[probe]") {
  for (const CheckType& type : check_types()) {
    for (const auto& [key, kind] : keys_of(type)) {
      if (key.find('.') != std::string::npos) continue;
      const std::string wrong = key + "q";
      const std::string told = problems_of(check_of(type, wrong + ": x"));
      INFO(type.name << ": " << told);
      CHECK(told.find("error: ") != std::string::npos);
      CHECK(told.find(wrong) != std::string::npos);
      CHECK(told.find("did you mean \"" + key + "\"?") != std::string::npos);
    }
  }
}

TEST_CASE("contract: a target that never answers costs the timeout and no more", "[probe]") {
  // One takes the connection and is silent, the other swallows the attempt.
  const BlackHole hole;
  const Listener silent("127.0.0.2", hole.port());
  for (const CheckType& type : check_types()) {
    for (const char* host : {"127.0.0.1", "127.0.0.2"}) {
      const std::string settings = aimed_at(type, hole.port(), "", host);
      INFO(type.name << ": " << settings);
      const CheckPtr check = make_check(check_of(type, settings, "500ms"));
      const auto begun = std::chrono::steady_clock::now();
      const Result result = probe_once(*check, SystemClock(), true);
      const auto took = std::chrono::steady_clock::now() - begun;
      CHECK(took < std::chrono::seconds{30});
      CHECK(result.reason.find("a bug in Tocsin") == std::string::npos);
      const bool unknown = result.verdict == Verdict::unknown;
      if (!unknown || !may_be_unknown(type)) CHECK(unknown == type.needs_daemon);
      if (result.verdict == Verdict::down) CHECK_FALSE(result.reason.empty());
    }
  }
}

TEST_CASE("contract: no secret is in any text", "[probe]") {
  const TempDir dir;
  const auto file = dir.write("secret", kSecret);
  const std::string reference = "\"${file:" + file.string() + "}\"";
  const auto hides = [](const std::string& text) {
    INFO(text);
    CHECK(text.find(kSecret) == std::string::npos);
  };
  const auto look = [&](const CheckType& type, const std::string& settings) {
    INFO(type.name << ": " << settings);
    const Loaded loaded = load_check(check_of(type, settings));
    for (const Problem& problem : loaded.problems) hides(problem.text());
    if (!loaded.config) return;
    const Check& check = *loaded.config->checks.front();
    hides(check.target);
    const Result result = probe_once(check, SystemClock(), true);
    hides(result.reason);
    hides(result.address);
    for (const std::string& note : result.notes) hides(note);
  };
  const std::uint16_t nobody = free_port();
  const Nginx nginx({});
  for (const CheckType& type : check_types()) {
    for (const std::uint16_t port : {nobody, nginx.port()}) {
      look(type, aimed_at(type, port, std::string("me:") + kSecret + "@"));
      for (const auto& [key, kind] : keys_of(type)) {
        if (key.find('.') != std::string::npos) continue;
        const std::string more = aimed_at(type, port) + ", " + key + ": ";
        if (kind == "secrets" || kind == "secret" || kind == "text") look(type, more + reference);
        if (kind == "map") look(type, more + "{X-Some-Key: " + reference + "}");
      }
    }
  }
}

}  // namespace tocsin
