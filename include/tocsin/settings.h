// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/secret.h"
#include "tocsin/time.h"

namespace tocsin {

// One YAML mapping as a check type or a notifier reads it. Only `config` knows the parser behind
// it.
//
// How to use it: ask for every key your type has, always all of them and in a fixed order, whatever
// the values are; each getter marks its key as known, reports a wrong type or an out-of-range value
// at the key's place, and returns the fallback then. Keys nobody asked for are reported by the
// loader after your function returned, with the nearest known one. Never throw for bad input: call
// `error`. Asking for all keys unconditionally also lets a recording implementation list them (JSON
// Schema).
//
// Not thread-safe; valid only while the parse function it was given to runs. Getters do not throw.
class Settings {
 public:
  virtual ~Settings() = default;

  // Bounds of a number, both included.
  template <typename T>
  struct Range {
    T least;
    T most;
  };

  // Whether the key stands in the file (even with a null value). Marks nothing as known.
  virtual bool has(std::string_view key) const = 0;
  // The keys that stand in the file, in its order: for a mapping whose keys are the user's to name.
  // Marks nothing as known.
  virtual std::vector<std::string> names() const { return {}; }

  // A plain text; one that holds a ${file:} or ${credential:} secret is an error here.
  virtual std::string text(std::string_view key, std::string_view fallback = {}) = 0;
  // A text that may hold secrets: `shown()` has the references and *** in their places.
  virtual Text text_with_secrets(std::string_view key) = 0;
  // A text that is a secret as a whole.
  virtual Secret secret(std::string_view key) = 0;
  // An http or https URL, or one of the `schemes` given; user and password in it are hidden.
  virtual Text url(std::string_view key,
                   std::vector<std::string_view> schemes = {"http", "https"}) = 0;

  virtual bool flag(std::string_view key, bool fallback) = 0;
  virtual std::int64_t integer(std::string_view key, std::int64_t fallback,
                               Range<std::int64_t> range) = 0;
  // "500ms", "30s", "5m", "2h", "1d"; a bare 0 is zero.
  virtual Millis duration(std::string_view key, Millis fallback, Range<Millis> range) = 0;
  // Bytes: "64KiB", "1MiB", "2MB", or a bare number of bytes.
  virtual std::uint64_t size(std::string_view key, std::uint64_t fallback,
                             Range<std::uint64_t> range) = 0;
  // One of the words; `fallback` when absent.
  virtual std::string choice(std::string_view key, std::vector<std::string_view> words,
                             std::string_view fallback) = 0;
  // A RE2 pattern, checked here; empty when absent.
  virtual std::string pattern(std::string_view key) = 0;

  // A list of texts; a single text is a list of one.
  virtual std::vector<std::string> list(std::string_view key) = 0;
  // The same for a program and its arguments: where a secret is refused, it says that everybody
  // on the machine sees arguments, and where a program takes secrets instead.
  virtual std::vector<std::string> arguments(std::string_view key) { return list(key); }
  // A mapping of texts, in the order of the file; numbers and flags arrive as they are written.
  virtual std::vector<std::pair<std::string, Text>> map(std::string_view key) = 0;

  // A nested mapping; never null: where the key is absent it is an empty one, so that its keys are
  // asked for (and known) all the same. Keys left unasked in it are reported as in this one.
  virtual std::unique_ptr<Settings> section(std::string_view key) = 0;
  // The same where a lone value V is short for {short_key: V}.
  virtual std::unique_ptr<Settings> short_section(std::string_view key,
                                                  std::string_view short_key) = 0;
  // A list of mappings; empty where the key is absent.
  virtual std::vector<std::unique_ptr<Settings>> sections(std::string_view key) = 0;

  // Reports a mistake at the place of the key's value (or of the mapping, if the key is absent).
  virtual void error(std::string_view key, std::string message) = 0;
  // The same for the mapping as a whole.
  virtual void error(std::string message) = 0;
  // Something that works and is hardly meant.
  virtual void warn(std::string_view key, std::string message) = 0;
};

}  // namespace tocsin
