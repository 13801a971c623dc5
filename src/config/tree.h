// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/sources.h"

namespace tocsin {

class Node;

// One key of a mapping.
struct Entry {
  std::string_view key;
  Place place;  // the key's
  const Node* value;
};

// A YAML value: 32 bytes and what hangs off it, all in the tree's arena. An alias is the node it
// names, not a copy; merge keys are resolved; keys of a mapping are unique texts. Immutable once
// its file is parsed.
class Node {
 public:
  enum class Kind : std::uint8_t { null, scalar, sequence, mapping };

  Kind kind() const noexcept { return kind_; }
  bool is(Kind kind) const noexcept { return kind_ == kind; }
  Place place() const noexcept { return place_; }
  // A scalar as it stands, quotes and escapes resolved; a null as it was written ("null", "~", "").
  std::string_view text() const noexcept { return {static_cast<const char*>(data_), size_}; }
  // Of a sequence.
  std::span<const Node* const> items() const noexcept {
    return {static_cast<const Node* const*>(data_), size_};
  }
  // Of a mapping, those from merge keys last.
  std::span<const Entry> entries() const noexcept {
    return {static_cast<const Entry*>(data_), size_};
  }
  // Of a mapping; null if it has no such key.
  const Entry* find(std::string_view key) const noexcept;

 private:
  friend class Tree;
  friend class TreeBuilder;

  const void* data_ = nullptr;
  Place place_;
  std::uint32_t size_ = 0;
  std::uint32_t weight_ = 1;  // nodes in it once aliases are expanded
  Kind kind_ = Kind::null;
  bool plain_ = false;  // not quoted, no block scalar
  bool open_ = false;   // its end has not been seen: an alias to it would be a cycle
};

// The nodes of all files of one load. Not thread-safe.
class Tree {
 public:
  static constexpr std::uint32_t kMostNodes = 2'000'000;  // in all files, aliases expanded
  static constexpr std::size_t kMostDepth = 64;

  Tree() = default;
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  // Parses a file whose text has been added. Null if it is no single YAML document within the
  // bounds; why has been reported then. A duplicate key, an unknown tag and the like are reported
  // and the rest is still there.
  const Node* parse(const Sources& sources, std::uint32_t file, Problems& problems);

  // A mapping of one key, for the short form `http: URL`.
  const Node* wrap(std::string_view key, const Node* value);
  // The mapping without that key.
  const Node* without(const Node* mapping, std::string_view key);
  // The keys of both mappings; of one that both have, `upper`'s value, but two mappings are joined
  // likewise. Null if the tree grows beyond kMostNodes.
  const Node* join(const Node* upper, const Node* lower);
  // A copy, each of its texts changed; keys stay as they are. Null likewise.
  const Node* copy(const Node* node, const std::function<std::string(std::string_view)>& change);

 private:
  template <typename T>
  T* allocate(std::size_t count) {
    return static_cast<T*>(
        arena_.allocate(sizeof(T) * std::max<std::size_t>(count, 1), alignof(T)));
  }
  Node* like(const Node& node);
  bool grow(std::uint32_t by) noexcept;

  std::pmr::monotonic_buffer_resource arena_{64 * std::size_t{1024}};
  std::uint32_t nodes_ = 0;
};

// Where the text stops to be what YAML allows: invalid UTF-8 or a control character. With why.
struct BadByte {
  std::uint32_t offset;
  const char* why;
};
std::optional<BadByte> find_bad_byte(std::string_view text) noexcept;

}  // namespace tocsin
