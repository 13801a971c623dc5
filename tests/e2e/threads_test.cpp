// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// One daemon, two checks, and a sink of every type that the registry knows: whatever the sink has
// for a thread, each check's DOWN, REMINDER, ACKNOWLEDGED and UP land in its own, across kill -9.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "e2e/daemon.h"
#include "e2e/targets.h"
#include "notify/rig_sink.h"
#include "notify/rigs.h"
#include "support/child.h"

using namespace tocsin;

namespace {

using Conversation = std::vector<std::string>;
const Conversation kWhole{"DOWN", "REMINDER", "ACKNOWLEDGED", "UP"};

// A sink of one type, and what it was told.
class Party {
 public:
  Party(const Rig& rig, const std::filesystem::path& dir) : rig_(rig), dir_(dir / rig.type) {
    std::filesystem::create_directories(dir_);
    if (rig.is_http()) sink_ = std::make_unique<RigSink>(rig);
  }
  std::string_view type() const { return rig_.type; }
  bool has_threads() const { return !rig_.is_http() || rig_.thread_of != nullptr; }
  std::string yaml() const {
    return "  - {name: " + std::string(rig_.type) + ", " + std::string(rig_.type) + ": " +
           rig_.settings(sink_ ? sink_->base_url() : dir_.string()) + "}\n";
  }
  std::vector<SinkTold> told() const {
    if (!rig_.is_http()) return rig_.told_in(dir_.string());
    std::vector<SinkTold> out;
    for (const SinkExchange& it : sink_->asked()) {
      out.push_back(
          {rig_.thread_of == nullptr ? std::string() : rig_.thread_of(it), rig_.text_of(it)});
    }
    return out;
  }

 private:
  const Rig& rig_;
  std::filesystem::path dir_;
  std::unique_ptr<RigSink> sink_;
};

bool says(const std::string& text, const std::string& word, const std::string& check) {
  return text.find(word) != std::string::npos && text.find(check) != std::string::npos;
}

std::size_t count(const Party& party, const std::string& word) {
  const auto all = party.told();
  std::set<std::string> checks;
  for (const std::string check : {"alpha", "beta"}) {
    if (std::any_of(all.begin(), all.end(),
                    [&](const SinkTold& it) { return says(it.text, word, check); })) {
      checks.insert(check);
    }
  }
  return checks.size();
}

// Until both checks' word has come to all of them.
bool wait_for(const std::deque<Party>& parties, const std::string& word) {
  const auto came = [&](const Party& party) { return count(party, word) == 2; };
  return eventually([&] { return std::all_of(parties.begin(), parties.end(), came); },
                    std::chrono::seconds{90});
}

// The word that a message is about: an UP names the DOWN too, but later.
std::string word_of(const std::string& text) {
  std::string out;
  std::size_t first = std::string::npos;
  for (const std::string& word : kWhole) {
    const std::size_t at = text.find(word);
    if (at < first) out = word;
    first = std::min(first, at);
  }
  return out;
}

// The words in a thread, repeated reminders once.
Conversation words_in(const std::vector<SinkTold>& all, const std::string& thread,
                      const std::string& check) {
  Conversation out;
  for (const SinkTold& it : all) {
    if (it.thread != thread || it.text.find(check) == std::string::npos) continue;
    const std::string word = word_of(it.text);
    if (out.empty() || out.back() != word) out.push_back(word);
  }
  return out;
}

void check_conversations(const Party& party) {
  const auto all = party.told();
  std::map<std::string, std::set<std::string>> threads;  // of each check
  for (const SinkTold& it : all) {
    for (const std::string check : {"alpha", "beta"}) {
      if (it.text.find(check) != std::string::npos) threads[check].insert(it.thread);
    }
  }
  for (const std::string check : {"alpha", "beta"}) {
    INFO(check);
    REQUIRE(threads[check].size() == 1);
    CHECK(words_in(all, *threads[check].begin(), check) == kWhole);
  }
  if (party.has_threads()) CHECK(threads["alpha"] != threads["beta"]);
}

}  // namespace

TEST_CASE(
    "threads: DOWN, REMINDER, ACKNOWLEDGED and UP of two checks keep to two threads in every "
    "sink, across kill -9",
    "[e2e]") {
  Daemon daemon;
  WebTarget alpha;
  WebTarget beta;
  std::deque<Party> parties;
  std::string yaml =
      "defaults: {interval: 300ms, timeout: 250ms, retry_interval: 100ms, down_after: 2, "
      "up_after: 2, remind_every: 3s, notify: [";
  std::string notifiers = "notifiers:\n";
  for (const Rig& rig : rigs()) {
    if (rig.is_http() || rig.told_in != nullptr) parties.emplace_back(rig, daemon.dir());
  }
  for (const Party& party : parties) {
    yaml += (&party == &parties.front() ? "" : ", ") + std::string(party.type());
    notifiers += party.yaml();
  }
  daemon.configure(yaml + "]}\n" + notifiers + "checks:\n  - {name: alpha, tcp: '" +
                   alpha.address() + "'}\n  - {name: beta, tcp: '" + beta.address() + "'}\n");
  REQUIRE(daemon.start());
  for (const std::string check : {"alpha", "beta"}) REQUIRE(daemon.wait_state(check, "up"));

  alpha.stop();
  beta.stop();
  CHECK(wait_for(parties, "DOWN"));
  daemon.kill9();
  REQUIRE(daemon.start());
  CHECK(wait_for(parties, "REMINDER"));
  for (const std::string check : {"alpha", "beta"}) {
    const Ran ran = run_program({Daemon::binary(), "ack", check, "--by", "Ann", "--config",
                                 (daemon.dir() / "tocsin.yaml").string()});
    INFO(ran.err);
    CHECK(ran.status == 0);
    CHECK(ran.out == check + ": acknowledged until it is up, unless it gets worse\n");
  }
  CHECK(wait_for(parties, "ACKNOWLEDGED"));
  daemon.kill9();
  alpha.go();
  beta.go();
  REQUIRE(daemon.start());
  CHECK(wait_for(parties, "UP"));
  CHECK(daemon.terminate() == 0);

  for (const Party& party : parties) {
    INFO(party.type());
    check_conversations(party);
  }
}
