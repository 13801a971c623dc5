// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/selectors.h"

#include <algorithm>
#include <string>
#include <utility>

#include "config/secrets.h"
#include "util/select.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostPatterns = 1000;
constexpr std::size_t kMostPattern = 256;  // bytes

// A `.*` may be meant as a shell means it, in "db.*"; that is told by what it fits.
bool looks_like_regex(std::string_view pattern) {
  return pattern.starts_with('^') || pattern.ends_with('$') ||
         pattern.find(".*") != std::string_view::npos ||
         pattern.find(".+") != std::string_view::npos;
}

// What a shell's pattern for the same would be.
std::string as_glob(std::string_view regex) {
  std::string out;
  if (regex.starts_with('^')) regex.remove_prefix(1);
  if (regex.ends_with('$')) regex.remove_suffix(1);
  for (std::size_t i = 0; i < regex.size(); ++i) {
    const std::string_view two = regex.substr(i, 2);
    const bool any = two == ".*" || two == ".+";
    out += any ? '*' : regex[i];
    if (any) ++i;
  }
  return out;
}

bool fits_any(const std::string& pattern, const std::vector<CheckPtr>& checks) {
  return std::any_of(checks.begin(), checks.end(), [&](const CheckPtr& check) {
    return fits_pattern(pattern, check->name) ||
           std::any_of(check->labels.begin(), check->labels.end(),
                       [&](const auto& label) { return fits_pattern(pattern, label.second); });
  });
}

}  // namespace

void Selectors::take(Section& section, std::string_view key, const PlacedText& pattern) {
  const std::string& text = pattern.text;
  if (text.empty() || text.size() > kMostPattern || printable(text, kMostPattern) != text) {
    section.error(key, "a pattern is 1 to " + std::to_string(kMostPattern) +
                           " characters in one line, such as web-* or db-0[1-9]");
  } else if (!pattern.unresolved && looks_like_regex(pattern.text)) {
    doubtful_.push_back(pattern);
  }
}

Selector Selectors::read(Section& entry) {
  Selector out;
  Section match = entry.child("match", "name");
  for (PlacedText& pattern : match.texts("name")) {
    take(match, "name", pattern);
    out.names.push_back(std::move(pattern.text));
  }
  if (out.names.empty() && match.given("name")) {
    match.error("name", "no pattern given; remove \"name\" if any name will do");
  }
  if (out.names.size() > kMostPatterns) {
    match.error("name", "more than " + std::to_string(kMostPatterns) + " patterns");
  }
  Section labels = match.child("labels");
  for (const std::string& key : labels.names()) {
    PlacedText value{labels.text(key), labels.place(key), false};
    if (!labels.given(key)) continue;
    take(labels, key, value);
    out.labels.emplace_back(key, std::move(value.text));
  }
  return out;
}

void Selectors::judge(const std::vector<CheckPtr>& checks) const {
  // Beside a mistake, what fits what is not known.
  if (!loading_.complete || loading_.problems.any_error()) return;
  for (const PlacedText& pattern : doubtful_) {
    if (fits_any(pattern.text, checks)) continue;
    loading_.problems.warn(pattern.place,
                           in_quotes(pattern.text) +
                               " is matched as a shell does it, not as a regular expression; did "
                               "you mean " +
                               in_quotes(as_glob(pattern.text)) + "?");
  }
}

bool selects_any(const Selector& selector, const std::vector<CheckPtr>& checks) {
  return std::any_of(checks.begin(), checks.end(), [&](const CheckPtr& check) {
    return selects(selector, check->name, check->labels);
  });
}

Shown shown_of(const Selector& selector) {
  Shown out = Shown::mapping();
  std::vector<std::string> names;
  for (const std::string& name : selector.names) names.push_back(escape_dollars(name));
  out.add("name", Shown::texts(names));
  Shown labels = Shown::mapping();
  for (const auto& [key, value] : selector.labels)
    labels.map.emplace_back(key, Shown::of(escape_dollars(value)));
  out.add("labels", std::move(labels));
  return out;
}

}  // namespace tocsin
