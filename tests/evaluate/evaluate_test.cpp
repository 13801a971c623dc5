// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "evaluate/evaluate.h"

#include <rapidcheck/catch.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "evaluate/oracle.h"

using namespace tocsin;

namespace {

Verdict verdict_of(char letter) {
  switch (letter) {
    case 'u': return Verdict::up;
    case 'g': return Verdict::degraded;
    case 'd': return Verdict::down;
    default: return Verdict::unknown;
  }
}

std::vector<Verdict> verdicts(const std::string& letters) {
  std::vector<Verdict> out;
  for (const char letter : letters) out.push_back(verdict_of(letter));
  return out;
}

std::vector<OracleStep> run(const std::vector<Verdict>& results, const Policy& policy,
                            State begin = State::pending) {
  std::vector<OracleStep> steps;
  Standing standing;
  standing.state = begin;
  for (const Verdict verdict : results) {
    const Evaluation evaluation = evaluate(standing, verdict, policy, at(steps.size()));
    standing = evaluation.standing;
    steps.push_back({standing.state, evaluation.transition, suspected(standing)});
  }
  return steps;
}

// The states after each result: u(p), g (degraded), d(own), ? (unknown), - (pending).
std::string states(const std::string& letters, const Policy& policy, State begin = State::pending) {
  std::string out;
  for (const OracleStep& step : run(verdicts(letters), policy, begin)) {
    switch (step.state) {
      case State::up: out += 'u'; break;
      case State::degraded: out += 'g'; break;
      case State::down: out += 'd'; break;
      case State::unknown: out += '?'; break;
      case State::pending: out += '-'; break;
    }
  }
  return out;
}

std::string suspicions(const std::string& letters, const Policy& policy, State begin) {
  std::string out;
  for (const OracleStep& step : run(verdicts(letters), policy, begin))
    out += step.suspected ? '!' : '.';
  return out;
}

// Results come in runs more often than not: a coin for each would hardly ever reach a threshold.
rc::Gen<std::vector<Verdict>> any_results() {
  const auto verdict =
      rc::gen::element(Verdict::up, Verdict::degraded, Verdict::down, Verdict::unknown);
  const auto run_of = rc::gen::mapcat(verdict, [](Verdict v) {
    return rc::gen::map(rc::gen::inRange(1, 6), [v](int length) {
      return std::vector<Verdict>(static_cast<std::size_t>(length), v);
    });
  });
  return rc::gen::map(rc::gen::container<std::vector<std::vector<Verdict>>>(run_of),
                      [](const std::vector<std::vector<Verdict>>& runs) {
                        std::vector<Verdict> out;
                        for (const auto& one : runs) out.insert(out.end(), one.begin(), one.end());
                        return out;
                      });
}

rc::Gen<Policy> any_policy() {
  return rc::gen::build<Policy>(
      rc::gen::set(&Policy::down_after, rc::gen::inRange<std::uint16_t>(1, 6)),
      rc::gen::set(&Policy::up_after, rc::gen::inRange<std::uint16_t>(1, 6)));
}

}  // namespace

TEST_CASE("evaluate: the first up result makes a pending check up", "[evaluate]") {
  CHECK(states("u", {3, 5}) == "u");
  CHECK(states("ddu", {3, 2}) == "--u");
  CHECK(states("g?u", {3, 2}) == "--u");
}

TEST_CASE("evaluate: down_after and up_after are kept exactly", "[evaluate]") {
  CHECK(states("udddduuuu", {3, 2}) == "uuuddduuu");
  CHECK(states("uddudduddd", {3, 2}) == "uuuuuuuuud");
  CHECK(states("duduu", {1, 2}, State::down) == "ddddu");
  CHECK(states("du", {1, 1}) == "du");
  CHECK(states("ddd", {3, 2}) == "--d");
}

TEST_CASE("evaluate: each level's threshold is kept by itself", "[evaluate]") {
  // Three bad ones: degraded. Three down ones: down.
  CHECK(states("ugdddd", {3, 2}) == "uuugdd");
  CHECK(states("udgdg", {3, 2}) == "uuugg");
  CHECK(states("gddd", {3, 2}) == "--gd");
  // Two that are not down ease to degraded, two that are up to up.
  CHECK(states("gugug", {3, 2}, State::down) == "dgggg");
  CHECK(states("guuu", {3, 2}, State::down) == "dguu");
  CHECK(states("uu", {3, 2}, State::down) == "du");
}

TEST_CASE("evaluate: unknown results neither count nor break a row", "[evaluate]") {
  CHECK(states("ud?d??d", {3, 2}) == "uuuuuud");
  CHECK(states("u?u", {3, 2}, State::down) == "ddu");
  CHECK(states("u??d?", {3, 2}) == "uuuuu");
}

TEST_CASE("evaluate: down_after unknown results in a row make the state unknown", "[evaluate]") {
  CHECK(states("u???", {3, 2}) == "uuu?");
  CHECK(states("???", {3, 2}) == "--?");
  CHECK(states("???", {3, 2}, State::down) == "dd?");
  CHECK(states("??u???", {3, 2}, State::up) == "uuuuu?");
}

TEST_CASE("evaluate: from unknown, rows are counted anew", "[evaluate]") {
  // Two downs before and one after the blindness are not three.
  CHECK(states("dd???d", {3, 2}, State::up) == "uuuu??");
  CHECK(states("???ddd", {3, 2}) == "--???d");
  CHECK(states("???uu", {3, 2}) == "--??u");
  CHECK(states("u?u", {3, 2}, State::unknown) == "??u");
  CHECK(states("gdg", {3, 2}, State::unknown) == "??g");
}

TEST_CASE("evaluate: a mixed row after unknown is degraded after the longer threshold",
          "[evaluate]") {
  CHECK(states("udu", {3, 2}, State::unknown) == "??g");
  CHECK(states("dudu", {2, 4}, State::unknown) == "???g");
  CHECK(states("d?u?d", {3, 2}, State::unknown) == "????g");
}

TEST_CASE("evaluate: a transition tells when its row began and how long it is", "[evaluate]") {
  const auto steps = run(verdicts("ugddduu"), {3, 2});
  REQUIRE(steps[3].transition);
  CHECK(steps[3].transition->to == State::degraded);
  CHECK(steps[3].transition->since == at(1));
  CHECK(steps[3].transition->row == 3);
  REQUIRE(steps[4].transition);
  CHECK(steps[4].transition->from == State::degraded);
  CHECK(steps[4].transition->to == State::down);
  CHECK(steps[4].transition->since == at(2));
  CHECK(steps[4].transition->row == 3);
  REQUIRE(steps[6].transition);
  CHECK(steps[6].transition->since == at(5));
  CHECK(steps[6].transition->row == 2);

  CHECK(steps[4].transition->failed == 3);
  CHECK(steps[6].transition->failed == 0);

  const auto eased = run(verdicts("gug"), {3, 2}, State::down);
  REQUIRE(eased[1].transition);
  CHECK(eased[1].transition->to == State::degraded);
  CHECK(eased[1].transition->row == 2);
  CHECK(eased[1].transition->failed == 0);
  CHECK(run(verdicts("dgg"), {3, 2}, State::down)[2].transition->failed == 2);
  CHECK(run(verdicts("dud"), {3, 2}, State::unknown)[2].transition->failed == 1);

  const auto blind = run(verdicts("u?d???"), {3, 2});
  REQUIRE(blind[5].transition);
  CHECK(blind[5].transition->to == State::unknown);
  CHECK(blind[5].transition->since == at(3));
}

TEST_CASE("evaluate: suspected means that the last result disagrees with the state", "[evaluate]") {
  CHECK(suspicions("ddduu", {3, 2}, State::up) == "!!.!.");
  CHECK(suspicions("du?d", {3, 2}, State::up) == "!.!!");
  CHECK(suspicions("gdgd", {3, 2}, State::degraded) == ".!.!");
  CHECK(suspicions("?u", {3, 2}, State::unknown) == ".!");
  CHECK(suspicions("d", {3, 2}, State::pending) == "!");
  CHECK_FALSE(suspected(Standing{}));
}

TEST_CASE("evaluate: rows outlive any number of results and any threshold", "[evaluate]") {
  constexpr auto kMost = std::numeric_limits<std::uint16_t>::max();
  Standing standing{.state = State::up};
  int transitions = 0;
  for (int i = 0; i < 3 * kMost; ++i) {
    const auto evaluation = evaluate(standing, Verdict::down, {kMost, kMost}, kStart);
    standing = evaluation.standing;
    if (!evaluation.transition) continue;
    ++transitions;
    CHECK(i == kMost - 1);
  }
  CHECK(transitions == 1);
  CHECK(standing.down == kMost);
}

TEST_CASE("evaluate: a threshold of zero is taken as one", "[evaluate]") {
  CHECK(states("udu", {0, 0}) == "udu");
}

TEST_CASE("evaluate: a threshold that a reload lowered counts from the next result on",
          "[evaluate]") {
  Standing standing{.state = State::up};
  for (int i = 0; i < 4; ++i) standing = evaluate(standing, Verdict::down, {5, 2}, at(0)).standing;
  CHECK_FALSE(evaluate(standing, Verdict::unknown, {2, 2}, at(4)).transition);
  CHECK_FALSE(evaluate(standing, Verdict::up, {2, 2}, at(4)).transition);
  const auto next = evaluate(standing, Verdict::down, {2, 2}, at(4));
  REQUIRE(next.transition);
  CHECK(next.transition->row == 5);
  CHECK(next.transition->since == at(0));
}

TEST_CASE("evaluate: agrees with the rules read literally over the whole history", "[evaluate]") {
  rc::prop("states, transitions and suspicion are the oracle's", [] {
    const auto results = *any_results();
    const Policy policy = *any_policy();
    Oracle oracle(policy);
    const auto steps = run(results, policy);
    for (std::size_t i = 0; i < results.size(); ++i) {
      const OracleStep expected = oracle.next(results[i]);
      RC_LOG() << "result " << i << "\n";
      RC_ASSERT(steps[i].state == expected.state);
      RC_ASSERT(steps[i].suspected == expected.suspected);
      RC_ASSERT(steps[i].transition.has_value() == expected.transition.has_value());
      if (!expected.transition) continue;
      RC_ASSERT(steps[i].transition->from == expected.transition->from);
      RC_ASSERT(steps[i].transition->to == expected.transition->to);
      RC_ASSERT(steps[i].transition->since == expected.transition->since);
      RC_ASSERT(steps[i].transition->row == expected.transition->row);
      RC_ASSERT(steps[i].transition->failed == expected.transition->failed);
    }
  });
}

TEST_CASE("evaluate: whatever happens, these hold", "[evaluate]") {
  rc::prop("a bad state rests on at least down_after results of its kind", [] {
    const auto results = *any_results();
    const Policy policy = *any_policy();
    const auto steps = run(results, policy);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (!steps[i].transition || steps[i].state != State::down) continue;
      // The last down_after results that were not unknown are all down.
      std::size_t seen = 0;
      for (std::size_t j = i + 1; j-- > 0 && seen < policy.down_after;) {
        if (results[j] == Verdict::unknown) continue;
        RC_ASSERT(results[j] == Verdict::down);
        ++seen;
      }
      RC_ASSERT(seen == policy.down_after);
    }
  });
  rc::prop("only unknown results never lead to anything but unknown", [] {
    const auto results =
        std::vector<Verdict>(*rc::gen::inRange<std::size_t>(0, 40), Verdict::unknown);
    const auto begin =
        *rc::gen::element(State::pending, State::up, State::degraded, State::down, State::unknown);
    for (const OracleStep& step : run(results, *any_policy(), begin)) {
      const bool fits = step.state == begin || step.state == State::unknown;
      RC_ASSERT(fits);
    }
  });
  rc::prop("an unknown result changes no state but to unknown", [] {
    const auto results = *any_results();
    const auto steps = run(results, *any_policy());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (!steps[i].transition) continue;
      RC_ASSERT((results[i] == Verdict::unknown) == (steps[i].state == State::unknown));
      RC_ASSERT(steps[i].transition->from != steps[i].transition->to);
      RC_ASSERT(steps[i].state != State::pending);
    }
  });
  rc::prop("without unknown results, any state settles on what keeps coming", [] {
    auto results = *any_results();
    const Policy policy = *any_policy();
    const auto last = *rc::gen::element(Verdict::up, Verdict::degraded, Verdict::down);
    results.insert(results.end(), std::max(policy.down_after, policy.up_after), last);
    RC_ASSERT(run(results, policy).back().state == state_of(last));
    RC_ASSERT(!run(results, policy).back().suspected);
  });
}
