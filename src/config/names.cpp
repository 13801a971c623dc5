// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/names.h"

#include <algorithm>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostName = 128;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(" ._/:@-").find(c) != std::string_view::npos;
}

std::string join(std::span<const std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

}  // namespace

void Names::add(std::string_view name, Place place) {
  const std::size_t number = names_.size();
  names_.push_back(name);
  places_.push_back(place);
  if (name.empty()) return;
  const auto [at, added] = numbers_.emplace(name, number);
  if (added) return;
  loading_.problems.error(place, "duplicate " + std::string(kind_) + " " + in_quotes(name) +
                                     "; the first is at " +
                                     loading_.sources.describe(places_[at->second]));
}

std::optional<std::size_t> Names::find(const PlacedText& name) {
  const auto at = numbers_.find(name.text);
  if (at != numbers_.end()) return at->second;
  // A file that could not be read may hold the name, and an unresolved text may become it.
  if (name.unresolved || !loading_.complete) return std::nullopt;
  std::string message = "no " + std::string(kind_) + " is named " + in_quotes(name.text);
  constexpr std::size_t kTelling = 3;  // of one or two letters, anything is near anything
  const bool search = name.text.size() >= kTelling && loading_.problems.worth_a_suggestion();
  const std::string_view meant = search ? nearest(name.text, names_) : std::string_view{};
  if (!meant.empty()) {
    message += "; did you mean " + in_quotes(meant) + "?";
  } else if (numbers_.empty()) {
    message += "; there are no " + std::string(kind_) + "s";
  }
  loading_.problems.error(name.place, std::move(message));
  return std::nullopt;
}

void Names::check(const std::vector<Edge>& edges, std::string_view verb) {
  Graph graph(names_.size());
  for (const Edge& edge : edges) {
    const auto to = find(edge.to);
    if (to) graph[edge.from].push_back({*to, edge.to.place});
  }
  std::vector<char> state(graph.size(), 0);
  for (std::size_t i = 0; i < graph.size(); ++i) find_cycles(graph, i, state, verb);
}

// Depth first without recursion, since a chain may be as long as there are checks. State: 0 not
// seen, 1 on the path, 2 done.
void Names::find_cycles(const Graph& graph, std::size_t start, std::vector<char>& state,
                        std::string_view verb) {
  if (state[start] != 0) return;
  std::vector<std::size_t> path{start};
  std::vector<std::size_t> next{0};
  state[start] = 1;
  while (!path.empty()) {
    const std::size_t here = path.back();
    if (next.back() == graph[here].size()) {
      state[here] = 2;
      path.pop_back();
      next.pop_back();
      continue;
    }
    const Step& step = graph[here][next.back()++];
    if (state[step.to] == 1) report_cycle(path, step, verb);
    if (state[step.to] != 0) continue;
    state[step.to] = 1;
    path.push_back(step.to);
    next.push_back(0);
  }
}

void Names::report_cycle(const std::vector<std::size_t>& path, const Step& back,
                         std::string_view verb) {
  constexpr std::size_t kMostShown = 10;
  const auto first = std::find(path.begin(), path.end(), back.to);
  std::string chain;
  std::size_t shown = 0;
  for (auto at = first; at != path.end() && shown < kMostShown; ++at, ++shown)
    chain += in_quotes(names_[*at]) + " → ";
  if (static_cast<std::size_t>(path.end() - first) > kMostShown) chain += "… → ";
  chain += in_quotes(names_[back.to]);
  loading_.problems.error(back.place, std::string(kind_) + " " + std::string(verb) +
                                          " itself: " + chain + "; remove one of these");
}

std::string read_name(Section& entry, std::string_view kind) {
  const Node* node = entry.node("name");
  std::string name = entry.text("name");
  if (node == nullptr) {
    entry.error("a " + std::string(kind) + " needs a name; add \"name: …\"");
    return {};
  }
  if (!entry.given("name")) return {};
  const bool fits = !name.empty() && name.size() <= kMostName && name.front() != ' ' &&
                    name.back() != ' ' && std::all_of(name.begin(), name.end(), is_name_character);
  if (fits) return name;
  entry.error("name",
              "a name is 1 to 128 characters of letters, digits, space and ._/:@-, without a space "
              "at its ends; got " +
                  in_quotes(node->text()));
  return {};
}

std::optional<std::size_t> find_type(Loading& loading, Section& entry, std::string_view kind,
                                     std::span<const std::string_view> types) {
  const std::string what(kind);
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (entry.node(types[i]) != nullptr) found.push_back(i);
  }
  if (found.size() == 1) return found.front();
  const auto& keys = *entry.keys();
  if (found.empty()) {
    // A key that is nearly a type's is reported as unknown; that says it all.
    for (const Entry& given : keys.node->entries()) {
      const bool known =
          std::find(keys.asked.begin(), keys.asked.end(), given.key) != keys.asked.end();
      const std::string_view meant = known ? std::string_view{} : nearest(given.key, keys.asked);
      if (std::find(types.begin(), types.end(), meant) != types.end()) return std::nullopt;
    }
    entry.error("this " + what + " has no type key; add one of " + join(types));
    return std::nullopt;
  }
  const auto place = [&](std::size_t type) { return keys.node->find(types[type])->place; };
  std::sort(found.begin(), found.end(),
            [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
  for (std::size_t i = 1; i < found.size(); ++i) {
    loading.problems.error(place(found[i]), "a second type key " + in_quotes(types[found[i]]) +
                                                "; " + in_quotes(types[found[0]]) + " is at " +
                                                loading.sources.describe(place(found[0])) + "; a " +
                                                what + " has exactly one");
  }
  for (const std::size_t type : found) entry.mute(types[type]);
  return std::nullopt;
}

}  // namespace tocsin
