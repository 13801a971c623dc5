// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tocsin/settings.h"

namespace tocsin {

class Prober;    // src/probe/prober.h: one parsed check, ready to look
class Notifier;  // src/notify/notifier.h: one parsed notifier, ready to send

// What a type's `parse` makes of its settings. On bad settings it has called Settings::error and
// what it returns is thrown away, so a null prober is fine then.
struct ParsedCheck {
  std::shared_ptr<const Prober> prober;
  std::string target;  // what is looked at, as people are shown it: secrets hidden
};

// One kind of check: one line of src/probe/registry.cpp. Constant data; safe from every thread.
struct CheckType {
  std::string_view name;  // the type key, "http"
  std::string_view
      short_key;             // `http: VALUE` means `http: {short_key: VALUE}`; may be a list's key
  std::string_view summary;  // its row in the README
  // `timeout` is the check's own, for types whose settings must fit in it.
  ParsedCheck (*parse)(Settings& settings, Millis timeout);
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
