// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tocsin/settings.h"

namespace tocsin {

// Settings that are all absent, and note down which keys a type asks for and as what. A nested
// key's name is "section.key".
class RecordingSettings final : public Settings {
 public:
  using Keys = std::map<std::string, std::string>;  // name to kind

  explicit RecordingSettings(Keys& keys, std::string prefix = "")
      : keys_(keys), prefix_(std::move(prefix)) {}

  bool has(std::string_view) const override { return false; }
  std::string text(std::string_view key, std::string_view fallback) override {
    return note(key, "text"), std::string(fallback);
  }
  Text text_with_secrets(std::string_view key) override { return note(key, "secrets"), Text(); }
  Secret secret(std::string_view key) override { return note(key, "secret"), Secret(); }
  Text url(std::string_view key, std::vector<std::string_view>) override {
    return note(key, "url"), Text();
  }
  bool flag(std::string_view key, bool fallback) override { return note(key, "flag"), fallback; }
  std::int64_t integer(std::string_view key, std::int64_t fallback, Range<std::int64_t>) override {
    return note(key, "integer"), fallback;
  }
  Millis duration(std::string_view key, Millis fallback, Range<Millis>) override {
    return note(key, "duration"), fallback;
  }
  std::uint64_t size(std::string_view key, std::uint64_t fallback, Range<std::uint64_t>) override {
    return note(key, "size"), fallback;
  }
  std::string choice(std::string_view key, std::vector<std::string_view>,
                     std::string_view fallback) override {
    return note(key, "choice"), std::string(fallback);
  }
  std::string pattern(std::string_view key) override { return note(key, "pattern"), std::string(); }
  std::vector<std::string> list(std::string_view key) override {
    return note(key, "list"), std::vector<std::string>();
  }
  std::vector<std::pair<std::string, Text>> map(std::string_view key) override {
    return note(key, "map"), std::vector<std::pair<std::string, Text>>();
  }
  std::unique_ptr<Settings> section(std::string_view key) override {
    note(key, "section");
    return std::make_unique<RecordingSettings>(keys_, prefix_ + std::string(key) + ".");
  }
  std::unique_ptr<Settings> short_section(std::string_view key, std::string_view) override {
    return section(key);
  }
  std::vector<std::unique_ptr<Settings>> sections(std::string_view key) override {
    note(key, "sections");
    std::vector<std::unique_ptr<Settings>> out;
    out.push_back(std::make_unique<RecordingSettings>(keys_, prefix_ + std::string(key) + "."));
    return out;
  }
  void error(std::string_view, std::string) override {}
  void error(std::string) override {}
  void warn(std::string_view, std::string) override {}

 private:
  void note(std::string_view key, const char* kind) { keys_[prefix_ + std::string(key)] = kind; }

  Keys& keys_;
  std::string prefix_;
};

}  // namespace tocsin
