// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

#include "config/load.h"
#include "config/secrets.h"
#include "config/shown.h"
#include "config/sources.h"
#include "config/tree.h"
#include "tocsin/registry.h"

namespace tocsin {

// What the parts of one load share. Lives as long as the load. Not thread-safe.
struct Loading {
  Loading(CheckTypes checks, NotifierTypes notifiers, const LoadOptions& options, bool keep_shown)
      : check_types(checks),
        notifier_types(notifiers),
        secrets(options.resolve_secrets),
        record(keep_shown) {}

  CheckTypes check_types;
  NotifierTypes notifier_types;
  Sources sources;
  Problems problems;
  Tree tree;
  Secrets secrets;
  // Whether to keep what came out, for print_config, and that.
  bool record;
  Shown document = Shown::mapping();
  // Whether every file was read: if not, a name that is not there is no mistake of its own.
  bool complete = true;

  // The folder of a file, for what is relative to it; empty for the current one.
  std::string folder(std::uint32_t file) const {
    const std::string& name = sources.name(file);
    const std::size_t slash = name.rfind('/');
    if (slash == std::string::npos) return {};
    return slash == 0 ? "/" : name.substr(0, slash);
  }
  // Whether an unknown key at this place is told for the first time: one behind an anchor is met
  // once for every alias.
  bool first_unknown(Place place) { return unknown_.insert(place).second; }
  // A copy of the key that lives as long as the load.
  std::string_view intern(std::string_view key) {
    const auto at = keys_.find(key);
    return at != keys_.end() ? *at : *keys_.emplace(key).first;
  }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::set<Place> unknown_;
  std::unordered_set<std::string, Hash, std::equal_to<>> keys_;
};

}  // namespace tocsin
