// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/threshold.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>

#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostTold = 4;  // findings in one reason

// --- reading ---------------------------------------------------------------------------------

// Digits with at most one point in them; nothing else, so no sign, exponent, "inf" or "nan".
std::optional<double> parse_decimal(std::string_view text) noexcept {
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos) return {};
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Limit> parse_percent(std::string_view text, const LimitKind& kind) noexcept {
  if (!text.ends_with('%')) return std::nullopt;
  const auto value = parse_decimal(trim(text.substr(0, text.size() - 1)));
  if (!value || *value > kind.most_percent) return std::nullopt;
  return Limit{*value, true};
}

std::optional<Limit> parse_limit(std::string_view text, const LimitKind& kind) noexcept {
  if (kind.quantity == Quantity::percent || kind.of_whole) {
    const auto percent = parse_percent(text, kind);
    if (percent || kind.quantity == Quantity::percent) return percent;
  }
  std::optional<double> value;
  if (kind.quantity == Quantity::bytes) {
    // "90" where a percentage may stand is hardly meant to be bytes.
    const bool bare = text.find_first_not_of("0123456789") == std::string_view::npos;
    if (bare && kind.of_whole) return std::nullopt;
    if (const auto size = parse_size(text)) value = static_cast<double>(*size);
  } else if (kind.quantity == Quantity::seconds) {
    if (const auto time = parse_duration(text))
      value = std::chrono::duration<double>(*time).count();
  } else {
    value = parse_decimal(text);
  }
  if (!value) return std::nullopt;
  return Limit{*value, false};
}

std::string expected(const LimitKind& kind) {
  constexpr double kShare = 100;
  const std::string percent =
      kind.most_percent > kShare ? "percentage" : "percentage of at most 100%";
  switch (kind.quantity) {
    case Quantity::percent: return percent + " expected, such as 80%";
    case Quantity::seconds: return "duration expected, such as 30s or 5m";
    case Quantity::bytes:
      return kind.of_whole ? "size or " + percent + " expected, such as 500MB or 80%"
                           : "size expected, such as 500MB or 2GiB";
    case Quantity::number: break;
  }
  return kind.of_whole ? "number or " + percent + " expected, such as 20 or 80%"
                       : "number expected, such as 20";
}

std::optional<Limit> read_limit(Settings& settings, std::string_view key, const LimitKind& kind) {
  const std::string text = settings.text(key);
  if (text.empty() && !settings.has(key)) return std::nullopt;
  const auto limit = parse_limit(trim(text), kind);
  if (!limit) settings.error(key, expected(kind) + "; got \"" + printable(text, 100) + '"');
  return limit;
}

// --- showing ---------------------------------------------------------------------------------

std::string with_decimals(double value, int decimals) {
  std::array<char, 400> out{};
  std::snprintf(out.data(), out.size(), "%.*f", decimals, value);
  return out.data();
}

std::string show(Quantity quantity, double value, int decimals) {
  switch (quantity) {
    case Quantity::percent: return human_number(value, decimals) + " %";
    case Quantity::bytes: return human_size(value);
    case Quantity::seconds: {
      const double most = std::chrono::duration<double>(Millis::max()).count() / 2;
      const std::chrono::duration<double> time{std::min(value, most)};
      return human_duration(std::chrono::duration_cast<Millis>(time));
    }
    case Quantity::number: break;
  }
  return human_number(value, decimals);
}

// In the limit's own terms; as exact as it takes to see that it is not the limit.
std::string show_against(const Threshold& threshold, const Figure& figure, const Limit& limit) {
  const Quantity quantity = limit.percent ? Quantity::percent : threshold.kind.quantity;
  const bool share = limit.percent && threshold.kind.quantity != Quantity::percent;
  const double value = share ? figure.value * 100 / figure.whole : figure.value;
  const std::string at_limit = show(quantity, limit.value, 2);
  const int first = quantity == Quantity::number ? 2 : 0;
  std::string out = show(quantity, value, first);
  for (int decimals = first + 1; out == at_limit && decimals <= 4; ++decimals) {
    out = show(quantity, value, decimals);
  }
  if (out == at_limit && quantity == Quantity::bytes) out = human_number(value, 0) + " B";
  return out;
}

// The limit in the figure's own unit; nothing where the whole is not known.
std::optional<double> in_own_unit(const Threshold& threshold, const Figure& figure,
                                  const Limit& limit) noexcept {
  if (!limit.percent || threshold.kind.quantity == Quantity::percent) return limit.value;
  if (figure.whole <= 0) return std::nullopt;
  return limit.value * figure.whole / 100;
}

std::string metric_limit(const Threshold& threshold, const Figure& figure,
                         const std::optional<Limit>& limit) {
  if (!limit) return {};
  const auto value = in_own_unit(threshold, figure, *limit);
  if (!value) return {};
  return human_number(*value) + (threshold.kind.least ? ":" : "");
}

int badness(Verdict verdict) noexcept {
  return badness(state_of(verdict));
}

}  // namespace

Threshold parse_threshold(Settings& settings, std::string_view key, LimitKind kind) {
  const std::unique_ptr<Settings> section = settings.short_section(key, "degraded");
  Threshold out{kind, {}, {}};
  out.degraded = read_limit(*section, "degraded", kind);
  out.down = read_limit(*section, "down", kind);
  if (settings.has(key) && !section->has("degraded") && !section->has("down")) {
    settings.error(key, "a limit is needed: a value, or 'degraded', 'down' or both");
  }
  if (!out.degraded || !out.down || out.degraded->percent != out.down->percent) return out;
  const double step = out.down->value - out.degraded->value;
  if (kind.least ? step >= 0 : step <= 0) {
    section->error("down", std::string("must be ") + (kind.least ? "less" : "more") +
                               " than 'degraded', since it is worse");
  }
  return out;
}

void Findings::add(Verdict verdict, std::string text) {
  found_.emplace_back(verdict, std::move(text));
}

void Findings::tell(Result& result) const {
  result.verdict = Verdict::up;
  std::vector<const std::pair<Verdict, std::string>*> order;
  for (const auto& finding : found_) order.push_back(&finding);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return badness(a->first) > badness(b->first);
  });
  for (std::size_t i = 0; i < order.size() && i < kMostTold; ++i) {
    if (i == 0) result.verdict = order[i]->first;
    result.reason += (i == 0 ? "" : "; ") + order[i]->second;
  }
  if (order.size() > kMostTold) {
    result.reason += "; and " + std::to_string(order.size() - kMostTold) + " more";
  }
}

std::optional<Beyond> beyond(const Threshold& threshold, const Figure& figure) noexcept {
  for (const auto& [limit, verdict] : {std::pair{threshold.down, Verdict::down},
                                       std::pair{threshold.degraded, Verdict::degraded}}) {
    if (!limit) continue;
    const auto value = in_own_unit(threshold, figure, *limit);
    if (!value) continue;
    const bool bad = threshold.kind.least ? figure.value < *value : figure.value > *value;
    if (bad) return Beyond{verdict, *limit};
  }
  return std::nullopt;
}

void judge(Findings& findings, const Threshold& threshold, const Figure& figure) {
  const auto bad = beyond(threshold, figure);
  if (!bad) return;
  std::string text = figure.what + ' ' + show_against(threshold, figure, bad->limit);
  if (!figure.note.empty()) text += " (" + figure.note + ')';
  findings.add(bad->verdict, text + ", " + wanted(threshold, bad->limit));
}

void judge_worst(Findings& findings, const Threshold& threshold,
                 const std::vector<Figure>& figures) {
  const Figure* worst = nullptr;
  std::size_t others = 0;
  // A share is compared as a share: a thousand files of a million are less than nine of ten.
  const auto weight = [](const Figure& figure) {
    return figure.whole > 0 ? figure.value / figure.whole : figure.value;
  };
  for (const Figure& figure : figures) {
    if (!beyond(threshold, figure)) continue;
    const bool worse = worst == nullptr || (threshold.kind.least ? weight(figure) < weight(*worst)
                                                                 : weight(figure) > weight(*worst));
    others += worst == nullptr ? 0 : 1;
    if (worse) worst = &figure;
  }
  if (worst == nullptr) return;
  Figure told = *worst;
  if (others > 0) told.note += ", and " + std::to_string(others) + " more";
  judge(findings, threshold, told);
}

std::string wanted(const Threshold& threshold, const Limit& limit) {
  const Quantity quantity = limit.percent ? Quantity::percent : threshold.kind.quantity;
  return (threshold.kind.least ? "wanted at least " : "wanted at most ") +
         show(quantity, limit.value, 2);
}

Metric metric_of(std::string name, const Threshold& threshold, const Figure& figure) {
  Metric out = metric_of(std::move(name), threshold.kind.quantity, figure.value);
  if (figure.whole > 0) out.most = figure.whole;
  out.warn = metric_limit(threshold, figure, threshold.degraded);
  out.crit = metric_limit(threshold, figure, threshold.down);
  return out;
}

Metric metric_of(std::string name, Quantity quantity, double value) {
  Metric out;
  out.name = std::move(name);
  out.value = value;
  out.least = 0;
  if (quantity == Quantity::bytes) out.unit = "B";
  if (quantity == Quantity::seconds) out.unit = "s";
  if (quantity == Quantity::percent) out.unit = "%";
  return out;
}

std::string human_size(double bytes) {
  constexpr std::array<const char*, 7> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  constexpr double kStep = 1024;
  std::size_t unit = 0;
  while (bytes >= kStep - 0.5 && unit + 1 < kUnits.size()) {
    bytes /= kStep;
    ++unit;
  }
  return human_number(bytes, unit > 0 && bytes < 100 ? 1 : 0) + ' ' + kUnits[unit];
}

std::string human_number(double value, int decimals) {
  std::string out = with_decimals(value, decimals);
  if (out.find('.') == std::string::npos) return out;
  out.erase(out.find_last_not_of('0') + 1);
  if (out.ends_with('.')) out.pop_back();
  return out;
}

std::string human_figure(Quantity quantity, double value) {
  if (quantity != Quantity::percent) return show(quantity, value, 2);
  constexpr double kPlain = 10;
  return show(quantity, value, value >= kPlain ? 0 : 1);
}

}  // namespace tocsin
