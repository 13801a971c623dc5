// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/outcome.h"

#include <utility>

#include "net/errno_text.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestQuote = 120;

// Seconds alone would read "slow: 1 s, wanted within 1 s".
std::string in_milliseconds(Millis time) {
  return time < std::chrono::seconds{10} ? std::to_string(time.count()) + " ms"
                                         : human_duration(time);
}

std::string days(int count) {
  return std::to_string(count) + (count == 1 ? " day" : " days");
}

}  // namespace

Verdict verdict_of(NetError error) noexcept {
  switch (error) {
    case NetError::none: return Verdict::up;
    case NetError::resolver:
    case NetError::proxy:
    case NetError::out_of_resources: return Verdict::unknown;
    default: return Verdict::down;
  }
}

void set_failure(Result& result, NetError error, std::string reason) {
  result.verdict = verdict_of(error);
  result.no_resolver = error == NetError::resolver;
  result.reason = std::move(reason);
}

void set_down(Result& result, std::string reason) {
  result.verdict = Verdict::down;
  result.reason = std::move(reason);
}

void degrade(Result& result, std::string reason) {
  if (result.verdict != Verdict::up && result.verdict != Verdict::degraded) return;
  const bool first = result.verdict == Verdict::up;
  result.verdict = Verdict::degraded;
  result.reason = first ? std::move(reason) : result.reason + "; " + reason;
}

void judge_response_time(Result& result, Millis most) {
  if (most == Millis{0} || result.took <= most) return;
  const auto took = std::chrono::duration_cast<Millis>(result.took);
  degrade(result, with_address(
                      "slow: " + in_milliseconds(took) + ", wanted within " + in_milliseconds(most),
                      result.address));
}

void judge_certificate(Result& result, int least) {
  if (least < 0 || !result.certificate_days || *result.certificate_days >= least) return;
  const int left = *result.certificate_days;
  if (left < 0 && (result.verdict == Verdict::up || result.verdict == Verdict::degraded)) {
    const std::string when = left == -1 ? "less than a day" : days(-left - 1);
    set_down(result, with_address("certificate expired " + when + " ago", result.address));
    return;
  }
  degrade(result,
          with_address("certificate ends in " + days(left) + ", wanted at least " + days(least),
                       result.address));
}

std::string quote(std::string_view sent) {
  if (sent.empty()) return "nothing";
  return '"' + printable(sent, kLongestQuote) + '"';
}

}  // namespace tocsin
