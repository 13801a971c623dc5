// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/shared_label.h"

#include <algorithm>

namespace tocsin {
namespace {

std::string text_of(const std::pair<std::string, std::string>& label) {
  return label.first + "=" + label.second;
}

}  // namespace

LabelTotals count_labels(const std::vector<CheckPtr>& checks) {
  LabelTotals out;
  for (const CheckPtr& check : checks) {
    if (!check->enabled) continue;
    for (const auto& label : check->labels) ++out[text_of(label)];
  }
  return out;
}

SharedLabel shared_label(const std::vector<const Labels*>& checks, const LabelTotals& totals) {
  std::map<std::string, std::vector<std::size_t>> having;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (checks[i] == nullptr) continue;
    for (const auto& label : *checks[i]) having[text_of(label)].push_back(i);
  }
  SharedLabel best;
  double best_score = 0;
  for (auto& [text, members] : having) {
    const std::size_t hits = members.size();
    const bool all = hits == checks.size() && hits > 1;
    if (!all && (hits < 3 || hits * 4 < checks.size())) continue;
    const auto known = totals.find(text);
    const std::size_t total = std::max(hits, known == totals.end() ? 0 : known->second);
    const double score =
        2.0 * static_cast<double>(hits) / static_cast<double>(checks.size() + total);
    if (score <= best_score) continue;
    best_score = score;
    best = {text, std::move(members), total};
  }
  return best;
}

}  // namespace tocsin
