// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Two things are counted: changes, since a thousand servers are noticed one by one within half a
// minute and not at once; and messages, since people read ten and not sixty. The minute runs from
// the first message, also from those that left by themselves just before the first digest. A sink
// that was away hears its first digest late; the minute begins anew then.
#include "deliver/storm.h"

#include <algorithm>
#include <string_view>

namespace tocsin {

void Storm::forget_old(SteadyTime now) {
  while (!changes_.empty() && changes_.front().first + kWindow <= now) changes_.pop_front();
  while (!sent_.empty() && sent_.front() + kWindow <= now) sent_.pop_front();
}

void Storm::changed(const std::string& check, SteadyTime now) {
  forget_old(now);
  changes_.emplace_back(now, check);
}

bool Storm::many_changed(std::size_t threshold, SteadyTime now) {
  forget_old(now);
  if (changes_.size() <= threshold) return false;
  std::set<std::string_view> checks;
  for (const auto& [at, check] : changes_) checks.insert(check);
  return checks.size() > threshold;
}

void Storm::digest_made(SteadyTime now) {
  if (!begun(now)) {
    forget_old(now);
    began_ = sent_.empty() ? now : sent_.front();
    messages_ = sent_.size();
    interval_ = kFirstInterval;
    digests_ = 0;
    told_ = false;
    named_.clear();
    found_named_.clear();
  }
  ++digests_;
  last_digest_ = now;
  next_digest_ = now + interval_;
  interval_ = std::min(interval_ * 3 / 2, kLongestInterval);
}

void Storm::sent(bool digest, SteadyTime now) {
  forget_old(now);
  sent_.push_back(now);
  if (digest && digests_ > 0 && !std::exchange(told_, true) && now >= last_digest_ + kWindow) {
    began_ = last_digest_ = now;
    next_digest_ = std::max(next_digest_, now);
    messages_ = 0;
  }
  ++messages_;
}

void Storm::found_named(std::int64_t digest, SteadyTime lines_from, SteadyTime now) {
  if (lines_from <= now) return;
  began_ = std::max(began_, lines_from - kYoung);
  last_digest_ = now;
  next_digest_ = now + kFirstInterval;
  digests_ = 1;
  told_ = true;
  found_named_.insert(digest);
}

std::size_t Storm::messages_left(SteadyTime now) {
  forget_old(now);
  std::size_t used = begun(now) ? messages_ : sent_.size();
  if (begun(now) && !found_named_.empty()) {
    // The first page may have left by itself before them.
    ++used;
    for (const std::int64_t digest : found_named_) used += found_waiting_.contains(digest) ? 0 : 1;
  }
  return used < kMostMessages ? kMostMessages - used : 0;
}

SteadyTime Storm::next_event(SteadyTime now) const noexcept {
  SteadyTime out = now + kWindow;
  for (const SteadyTime at : {next_digest_, lines_from()}) {
    if (at > now) out = std::min(out, at);
  }
  return out;
}

}  // namespace tocsin
