// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// What is said of routes that can have no effect follows how src/incident/audience.cpp asks them:
// `notify` and `escalate` are found apart from each other, and `continue` is about `notify` alone.
#include "config/routes.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "config/common.h"
#include "util/select.h"

namespace tocsin {
namespace {

constexpr State kBadStates[] = {State::down, State::degraded, State::unknown};
constexpr CheckSeverity kSeverities[] = {CheckSeverity::critical, CheckSeverity::warning,
                                         CheckSeverity::info};

// One entry while it is read.
class RouteReader {
 public:
  RouteReader(Loading& loading, Section& section, SharedParts& parts, Selectors& selectors)
      : loading_(loading), section_(section), parts_(parts), selectors_(selectors) {}

  RouteRule read();
  Shown shown() const;

 private:
  template <typename Value, std::size_t Size>
  std::vector<Value> read_words(std::string_view key, const Value (&known)[Size]);
  std::string place() const;

  Loading& loading_;
  Section& section_;
  SharedParts& parts_;
  Selectors& selectors_;
  RouteRule out_;
};

// "routes.yaml:12"
std::string RouteReader::place() const {
  const Place at = section_.place();
  return std::filesystem::path(loading_.sources.name(at.file)).filename().string() + ":" +
         std::to_string(loading_.sources.position(at).line);
}

template <typename Value, std::size_t Size>
std::vector<Value> RouteReader::read_words(std::string_view key, const Value (&known)[Size]) {
  std::vector<Value> out;
  std::string expected;
  for (const Value value : known)
    expected += (expected.empty() ? "" : ", ") + std::string(to_string(value));
  const auto words = section_.texts(key);
  for (const PlacedText& word : words) {
    const auto* at = std::find_if(std::begin(known), std::end(known),
                                  [&](Value value) { return to_string(value) == word.text; });
    if (at == std::end(known)) {
      loading_.problems.error(word.place,
                              "one of " + expected + " expected; got " + in_quotes(word.text));
    } else if (std::find(out.begin(), out.end(), *at) == out.end()) {
      out.push_back(*at);
    }
  }
  if (words.empty() && section_.given(key)) {
    section_.error(key, "nothing given; remove \"" + std::string(key) + "\" if any will do");
  }
  return out;
}

RouteRule RouteReader::read() {
  out_.place = place();
  out_.match = selectors_.read(section_);
  out_.states = read_words("state", kBadStates);
  out_.severities = read_words("severity", kSeverities);
  Section times = section_.child("times");
  if (times.keys()->node != nullptr) out_.times = parts_.windows().read(times);
  if (const auto names = read_names(section_, "notify")) out_.notify = parts_.list(*names);
  out_.escalate = parts_.escalation(section_).value_or(nullptr);
  out_.goes_on = section_.flag("continue", false);
  if (section_.node("notify") == nullptr && section_.node("escalate") == nullptr) {
    section_.error("a route says who is told; add \"notify\" ([] if nobody is) or \"escalate\"");
  }
  section_.finish();
  return out_;
}

Shown RouteReader::shown() const {
  Shown out = Shown::mapping();
  const auto words = [](const auto& values) {
    std::vector<std::string> texts;
    for (const auto value : values) texts.emplace_back(to_string(value));
    return Shown::texts(texts);
  };
  out.add("match", shown_of(out_.match));
  out.add("state", words(out_.states));
  out.add("severity", words(out_.severities));
  out.add("times", parts_.windows().shown(out_.times));
  if (out_.notify) out.map.emplace_back("notify", Shown::texts(*out_.notify));
  if (out_.escalate) out.map.emplace_back("escalate", shown_of(out_.escalate));
  out.add("continue", Shown::of(out_.goes_on ? "true" : "false"));
  return out;
}

template <typename Value, std::size_t Size>
bool holds_all(const std::vector<Value>& wanted, const Value (&all)[Size]) {
  return wanted.empty() || std::all_of(std::begin(all), std::end(all), [&](Value value) {
           return std::find(wanted.begin(), wanted.end(), value) != wanted.end();
         });
}

bool matches_always(const RouteRule& route) {
  const auto& names = route.match.names;
  const bool any_name = names.empty() || std::find(names.begin(), names.end(), "*") != names.end();
  return any_name && route.match.labels.empty() && !route.times &&
         holds_all(route.states, kBadStates) && holds_all(route.severities, kSeverities);
}

bool may_match(const RouteRule& route, const Check& check) {
  const auto& wanted = route.severities;
  return (wanted.empty() ||
          std::find(wanted.begin(), wanted.end(), check.severity) != wanted.end()) &&
         selects(route.match, check.name, check.labels);
}

}  // namespace

std::vector<Place> read_routes(Loading& loading, std::vector<Section>& files, SharedParts& parts,
                               Selectors& selectors, Config& config) {
  std::vector<Place> places;
  Shown shown;
  shown.kind = Shown::Kind::list;
  for (Section& file : files) {
    for (const Node* mapping : file.mappings("routes")) {
      Section section = file.item("routes", mapping);
      RouteReader entry(loading, section, parts, selectors);
      config.routes.push_back(entry.read());
      places.push_back(section.place());
      if (loading.record) shown.list.push_back(entry.shown());
    }
  }
  loading.document.add("routes", std::move(shown));
  return places;
}

void judge_routes(Loading& loading, const Config& config, const std::vector<Place>& places) {
  // Beside a mistake, what matches what is not known.
  if (!loading.complete || loading.problems.any_error()) return;
  std::optional<Place> tells;  // the route behind which no other `notify` is asked for
  std::optional<Place> escalates;
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    const RouteRule& route = config.routes[i];
    const bool told = !route.notify || tells;
    const bool escalated = !route.escalate || escalates;
    const bool says_something = route.notify || route.escalate;
    if (says_something && told && escalated) {
      loading.problems.warn(places[i], "this route is never asked: the one at " +
                                           loading.sources.describe(tells ? *tells : *escalates) +
                                           " always matches before it");
      continue;
    }
    const bool any = std::any_of(config.checks.begin(), config.checks.end(),
                                 [&](const CheckPtr& check) { return may_match(route, *check); });
    if (!any) {
      loading.problems.warn(places[i], "this route matches no check: there is none of " +
                                           in_quotes(tocsin::shown(route.match)) +
                                           (route.severities.empty() ? "" : " of that severity"));
    }
    if (!matches_always(route)) continue;
    if (route.notify && !route.goes_on && !tells) tells = places[i];
    if (route.escalate && !escalates) escalates = places[i];
  }
}

bool may_say_whom_to_tell(const std::vector<RouteRule>& routes, const Check& check) {
  return std::any_of(routes.begin(), routes.end(), [&](const RouteRule& route) {
    return route.notify && may_match(route, check);
  });
}

}  // namespace tocsin
