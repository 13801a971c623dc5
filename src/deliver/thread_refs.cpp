// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/thread_refs.h"

namespace tocsin {

std::string ThreadRefs::find(const std::string& notifier, const std::string& thread_key) {
  const auto found = by_key_.find(Key(notifier, thread_key));
  if (found == by_key_.end()) return {};
  by_use_.splice(by_use_.begin(), by_use_, found->second);
  return found->second->ref;
}

void ThreadRefs::remember(const std::string& notifier, const std::string& thread_key,
                          std::string ref) {
  if (ref.empty()) return;
  Key key(notifier, thread_key);
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    found->second->ref = std::move(ref);
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return;
  }
  by_use_.push_front({key, std::move(ref)});
  by_key_.emplace(std::move(key), by_use_.begin());
  if (by_key_.size() <= most_) return;
  by_key_.erase(by_use_.back().key);
  by_use_.pop_back();
}

void ThreadRefs::forget(const std::string& notifier) {
  auto at = by_key_.lower_bound(Key(notifier, ""));
  while (at != by_key_.end() && at->first.first == notifier) {
    by_use_.erase(at->second);
    at = by_key_.erase(at);
  }
}

}  // namespace tocsin
