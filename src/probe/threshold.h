// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/result.h"
#include "tocsin/settings.h"

namespace tocsin {

// The limits of the checks that look at figures (process, disk, memory, load, file), written and
// told alike everywhere. A key takes
//
//   cpu: 80%                          # beyond it is `degraded`
//   cpu: {degraded: 80%, down: 95%}   # one of them, or both
//
// and a limit itself is never beyond. All functions are pure and safe from every thread.

// What a figure counts: it says how its limits are written and how it is shown.
enum class Quantity : std::uint8_t { number, bytes, seconds, percent };

// How the limits of one key are meant.
struct LimitKind {
  Quantity quantity = Quantity::number;
  bool least = false;     // less than the limit is bad; else: more than it
  bool of_whole = false;  // may be a percentage of some whole, too
  double most_percent = 100;
};

struct Limit {
  double value = 0;      // bytes, seconds, a number, or per cent
  bool percent = false;  // of the figure's whole, or because the figure is one
};

struct Threshold {
  LimitKind kind;
  std::optional<Limit> degraded;
  std::optional<Limit> down;
  bool set() const noexcept { return degraded || down; }
  // Whether a figure's whole must be known to hold it against this.
  bool needs_whole() const noexcept {
    return kind.of_whole && ((degraded && degraded->percent) || (down && down->percent));
  }
};

// Reads the key. A mistake is reported and gives a threshold without limits.
Threshold parse_threshold(Settings& settings, std::string_view key, LimitKind kind);

// What was looked at. A percentage is a value of Quantity::percent, or a value and its whole.
struct Figure {
  std::string what;  // as a reason begins: "CPU", "space used on /var"
  double value = 0;
  double whole = 0;  // what 100 % of it is; 0: not known
  std::string note;  // behind the value, in brackets: "pid 123"
};

// What was found bad, gathered: the worst decides, all of them speak.
class Findings {
 public:
  void add(Verdict verdict, std::string text);
  bool empty() const noexcept { return found_.empty(); }
  // Sets the verdict (up if nothing was found) and the reason: the worst first, joined by "; ",
  // and how many more there are beyond the first few.
  void tell(Result& result) const;

 private:
  std::vector<std::pair<Verdict, std::string>> found_;
};

// Which limit the figure is beyond, and what that makes of it.
struct Beyond {
  Verdict verdict;
  Limit limit;
};
std::optional<Beyond> beyond(const Threshold& threshold, const Figure& figure) noexcept;

// Adds "CPU 93 % (pid 123), wanted at most 80 %" if the figure is beyond a limit.
void judge(Findings& findings, const Threshold& threshold, const Figure& figure);
// The same for several that have one limit: of those beyond it the worst is told, the others are
// counted: "CPU 93 % (pid 123, and 2 more), …".
void judge_worst(Findings& findings, const Threshold& threshold,
                 const std::vector<Figure>& figures);
// The second half of that alone: "wanted at most 80 %".
std::string wanted(const Threshold& threshold, const Limit& limit);

// The figure for graphs, with its limits in its own unit, as Nagios' thresholds are written: "80"
// for at most, "80:" for at least.
Metric metric_of(std::string name, const Threshold& threshold, const Figure& figure);
// The same for a figure without limits.
Metric metric_of(std::string name, Quantity quantity, double value);

// For people: "823 B", "1.9 GiB", "512 MiB".
std::string human_size(double bytes);
// At most that many decimals, and none that are zeros: "0.25", "3".
std::string human_number(double value, int decimals = 2);
// A figure for people, by what it counts: "93 %", "1.9 GiB", "3 h 2 min", "17".
std::string human_figure(Quantity quantity, double value);

}  // namespace tocsin
