// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/loading.h"
#include "config/shown.h"
#include "config/tree.h"
#include "tocsin/settings.h"

namespace tocsin {

// What is known of one mapping while it is read: shared by the Sections that read it, so that what
// they left unread can be told when all are gone.
struct Keys {
  const Node* node = nullptr;  // null: the mapping is absent
  Place place;                 // of the mapping, or of the nearest one around it that is there
  std::string_view name;       // the key under which it stands; empty at the top
  const Keys* parent = nullptr;
  std::vector<std::string_view> asked;
  // Keys whose value is already reported, or is an unresolved secret: no more is said of them.
  std::vector<std::string_view> muted;
  std::vector<std::string_view> probed;  // asked for by has(): their absence means something
  std::vector<std::shared_ptr<Keys>> children;

  struct Value {
    std::string_view key;
    Shown value;
    bool absent;  // a default
  };
  std::vector<Value> shown;  // only if Loading::record
};

// A text and where it stands.
struct PlacedText {
  std::string text;
  Place place;
  bool unresolved = false;
};

// Settings over a node of the tree. A cheap handle; the getters are documented there.
class Section final : public Settings {
 public:
  Section(Loading& loading, const Node* mapping);
  Section(Loading& loading, std::shared_ptr<Keys> keys);

  bool has(std::string_view key) const override;
  std::vector<std::string> names() const override;
  std::string text(std::string_view key, std::string_view fallback = {}) override;
  Text text_with_secrets(std::string_view key) override;
  Secret secret(std::string_view key) override;
  Text url(std::string_view key,
           std::vector<std::string_view> schemes = {"http", "https"}) override;
  bool flag(std::string_view key, bool fallback) override;
  std::int64_t integer(std::string_view key, std::int64_t fallback,
                       Range<std::int64_t> range) override;
  Millis duration(std::string_view key, Millis fallback, Range<Millis> range) override;
  std::uint64_t size(std::string_view key, std::uint64_t fallback,
                     Range<std::uint64_t> range) override;
  std::string choice(std::string_view key, std::vector<std::string_view> words,
                     std::string_view fallback) override;
  std::string pattern(std::string_view key) override;
  std::vector<std::string> list(std::string_view key) override;
  std::vector<std::string> arguments(std::string_view key) override;
  std::vector<std::pair<std::string, Text>> map(std::string_view key) override;
  std::unique_ptr<Settings> section(std::string_view key) override;
  std::unique_ptr<Settings> short_section(std::string_view key,
                                          std::string_view short_key) override;
  std::vector<std::unique_ptr<Settings>> sections(std::string_view key) override;
  void error(std::string_view key, std::string message) override;
  void error(std::string message) override;
  void warn(std::string_view key, std::string message) override;

  // For the rooms' own loader, beyond what types need.

  // The key's value, marked as known; null if it is absent.
  const Node* node(std::string_view key);
  // Whether the key is there with a value that could be used.
  bool given(std::string_view key) const;
  // Where the key's value stands, or the mapping if it is absent.
  Place place(std::string_view key) const;
  Place place() const noexcept { return keys_->place; }
  // A list of texts, or a single one, each with its place.
  std::vector<PlacedText> texts(std::string_view key);
  // The mapping under the key; with a short key, any other value V means {short_key: V}.
  Section child(std::string_view key, std::string_view short_key = {});
  // The mappings of a list; anything else in it is reported.
  std::vector<const Node*> mappings(std::string_view key);
  // One of them; its unknown keys are told by its own `finish`.
  Section item(std::string_view key, const Node* mapping) const;
  // Says no more of the key.
  void mute(std::string_view key);
  // Reports every key that nobody asked for, here and in the mappings within. True if all were
  // known.
  bool finish();
  const std::shared_ptr<Keys>& keys() const noexcept { return keys_; }

 private:
  const Entry* find(std::string_view key) const;
  const Node* scalar(std::string_view key, std::string_view expected);
  bool read(std::string_view key, std::string_view expected, Resolved& into);
  bool read_plain(std::string_view key, std::string_view expected, std::string& into);
  bool resolve(std::string_view key, const Node& node, Resolved& into);
  bool take_item(std::string_view key, const Node& item, std::vector<PlacedText>& into);
  void wrong(std::string_view key, std::string_view expected);
  void fail(std::string_view key, Place at, std::string message);
  std::string written(std::string_view key) const;
  void show(std::string_view key, Shown value);

  Loading* loading_;
  std::shared_ptr<Keys> keys_;
  std::string_view no_secret_in_list_;  // why not
};

}  // namespace tocsin
