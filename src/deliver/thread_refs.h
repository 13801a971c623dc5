// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <string>
#include <utility>

namespace tocsin {

// How the sinks named the threads, for those that cannot be addressed by our key. Bounded, because
// `thread: incident` makes new ones for ever: the one not used for longest is forgotten first. Not
// thread-safe.
class ThreadRefs {
 public:
  explicit ThreadRefs(std::size_t most) : most_(most) {}

  // Empty if the sink never told, or it was forgotten.
  std::string find(const std::string& notifier, const std::string& thread_key);
  void remember(const std::string& notifier, const std::string& thread_key, std::string ref);
  // The notifier writes elsewhere now: its threads are not there.
  void forget(const std::string& notifier);
  std::size_t size() const noexcept { return by_key_.size(); }

 private:
  using Key = std::pair<std::string, std::string>;
  struct Entry {
    Key key;
    std::string ref;
  };
  std::size_t most_;
  std::list<Entry> by_use_;  // the latest used first
  std::map<Key, std::list<Entry>::iterator> by_key_;
};

}  // namespace tocsin
