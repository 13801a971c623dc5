// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/shared_parts.h"

#include <chrono>
#include <memory>

#include "config/common.h"
#include "util/duration.h"

namespace tocsin {
namespace {

constexpr Settings::Range<Millis> kStepAfter{std::chrono::seconds{1}, std::chrono::hours{30 * 24}};
constexpr std::size_t kMostSteps = 20;

}  // namespace

NameList SharedParts::list(const std::vector<PlacedText>& names) {
  std::vector<std::string> list;
  for (const PlacedText& name : names) {
    notifiers_.find(name);
    list.push_back(name.text);
  }
  NameList& known = lists_[list];
  if (!known) known = std::make_shared<const std::vector<std::string>>(std::move(list));
  return known;
}

// `before`: when the step before is told; zero if there is none.
std::optional<EscalationStep> SharedParts::read_step(Section& step, Millis before) {
  EscalationStep out;
  out.after = step.duration("after", kStepAfter.least, kStepAfter);
  const auto names = read_names(step, "notify");
  step.finish();
  if (step.node("after") == nullptr) {
    step.error(
        "this step needs the time after which it is told; add \"after\", such as after: 10m");
  }
  if (step.node("notify") == nullptr) {
    step.error("this step needs to say who is told; add \"notify: [NAME]\"");
  }
  if (names) out.notify = list(*names);
  if (names && names->empty()) {
    step.error("notify", "this step tells nobody; name a notifier, or remove the step");
  }
  if (!step.given("after")) return std::nullopt;
  if (out.after <= before) {
    step.error("after", "the step before is told after " + write_duration(before) +
                            "; each must be later than the one before it");
  }
  return out;
}

std::optional<Escalation> SharedParts::escalation(Section& section) {
  const Node* node = section.node("escalate");
  if (node == nullptr) return std::nullopt;
  if (node->is(Node::Kind::null)) {
    section.error("escalate", "no value given; write a list of steps, or [] for none");
    return std::nullopt;
  }
  const std::vector<const Node*> mappings = section.mappings("escalate");
  if (!node->is(Node::Kind::sequence) || mappings.size() != node->items().size()) {
    return std::nullopt;
  }
  if (mappings.size() > kMostSteps) {
    section.error("escalate", "more than " + std::to_string(kMostSteps) + " steps");
    return std::nullopt;
  }
  std::vector<EscalationStep> steps;
  std::vector<std::pair<Millis, NameList>> key;
  for (const Node* mapping : mappings) {
    Section item = section.item("escalate", mapping);
    const auto step = read_step(item, steps.empty() ? Millis{0} : steps.back().after);
    if (!step || !step->notify) continue;
    steps.push_back(*step);
    key.emplace_back(step->after, step->notify);
  }
  Escalation& known = escalations_[key];
  if (!known) known = std::make_shared<const std::vector<EscalationStep>>(std::move(steps));
  return known;
}

Shown shown_of(const Escalation& escalation) {
  Shown out;
  out.kind = Shown::Kind::list;
  if (!escalation) return out;
  for (const EscalationStep& step : *escalation) {
    Shown entry = Shown::mapping();
    entry.add("after", Shown::of(write_duration(step.after)));
    entry.add("notify", Shown::texts(*step.notify));
    out.list.push_back(std::move(entry));
  }
  return out;
}

}  // namespace tocsin
