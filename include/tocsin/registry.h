// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tocsin/heartbeat.h"
#include "tocsin/settings.h"

namespace tocsin {

class Prober;    // src/probe/prober.h: one parsed check, ready to look
class Notifier;  // src/notify/notifier.h: one parsed notifier, ready to send

// What a type's `parse` makes of its settings. On bad settings it has called Settings::error and
// what it returns is thrown away, so a null prober is fine then.
struct ParsedCheck {
  std::shared_ptr<const Prober> prober;
  std::string target;  // what is looked at, as people are shown it: secrets hidden
  // For a type whose targets tell by themselves; else null.
  std::shared_ptr<const HeartbeatSettings> heartbeat = nullptr;
};

// One kind of check: one line of src/probe/registry.cpp. Constant data; safe from every thread.
struct CheckType {
  std::string_view name;  // the type key, "http"
  std::string_view
      short_key;             // `http: VALUE` means `http: {short_key: VALUE}`; may be a list's key
  std::string_view summary;  // its row in the README
  // `timeout` is the check's own, for types whose settings must fit in it.
  ParsedCheck (*parse)(Settings& settings, Millis timeout);
  // What this type has in place of `defaults` and of what is built in, where more looks at the same
  // thing say nothing new. A check's own key stands before it.
  std::optional<std::uint16_t> down_after = std::nullopt;
  std::optional<std::uint16_t> up_after = std::nullopt;
  // Only the running daemon can judge it: a look without one is `unknown`.
  bool needs_daemon = false;
  // It looks at this machine, and needs no network for that.
  bool looks_here = false;
};

// One kind of notifier: one line of src/notify/registry.cpp.
struct NotifierType {
  std::string_view name;
  std::string_view short_key;  // empty: the long form only
  std::string_view summary;
  std::shared_ptr<const Notifier> (*parse)(Settings& settings);
};

using CheckTypes = std::span<const CheckType>;
using NotifierTypes = std::span<const NotifierType>;

}  // namespace tocsin
