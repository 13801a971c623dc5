// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Nodes made from nodes: what they share is shared, what differs is new in the same arena.
#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "config/tree.h"

namespace tocsin {

Node* Tree::like(const Node& node) {
  return new (allocate<Node>(1)) Node(node);
}

bool Tree::grow(std::uint32_t by) noexcept {
  if (nodes_ + std::uint64_t{by} > kMostNodes) return false;
  nodes_ += by;
  return true;
}

const Node* Tree::without(const Node* mapping, std::string_view key) {
  Node* const out = like(*mapping);
  auto* const entries = allocate<Entry>(mapping->size_);
  const auto all = mapping->entries();
  Entry* const end = std::copy_if(all.begin(), all.end(), entries,
                                  [&](const Entry& entry) { return entry.key != key; });
  out->data_ = entries;
  out->size_ = static_cast<std::uint32_t>(end - entries);
  return out;
}

const Node* Tree::join(const Node* upper, const Node* lower) {
  if (!upper->is(Node::Kind::mapping) || !lower->is(Node::Kind::mapping)) return upper;
  if (!grow(upper->size_ + lower->size_)) return nullptr;
  std::vector<Entry> entries(upper->entries().begin(), upper->entries().end());
  for (Entry& entry : entries) {
    const Entry* const below = lower->find(entry.key);
    if (below != nullptr) entry.value = join(entry.value, below->value);
    if (entry.value == nullptr) return nullptr;
  }
  for (const Entry& entry : lower->entries()) {
    if (upper->find(entry.key) == nullptr) entries.push_back(entry);
  }
  Node* const out = like(*upper);
  auto* const kept = allocate<Entry>(entries.size());
  std::copy(entries.begin(), entries.end(), kept);
  out->data_ = kept;
  out->size_ = static_cast<std::uint32_t>(entries.size());
  return out;
}

const Node* Tree::copy(const Node* node,
                       const std::function<std::string(std::string_view)>& change) {
  if (!grow(1)) return nullptr;
  Node* const out = like(*node);
  if (node->is(Node::Kind::scalar)) {
    const std::string text = change(node->text());
    char* const kept = allocate<char>(text.size());
    std::memcpy(kept, text.data(), text.size());
    out->data_ = kept;
    out->size_ = static_cast<std::uint32_t>(text.size());
  } else if (node->is(Node::Kind::sequence)) {
    auto* const items = allocate<const Node*>(node->size_);
    for (std::size_t i = 0; i < node->size_; ++i) {
      items[i] = copy(node->items()[i], change);
      if (items[i] == nullptr) return nullptr;
    }
    out->data_ = items;
  } else if (node->is(Node::Kind::mapping)) {
    auto* const entries = allocate<Entry>(node->size_);
    for (std::size_t i = 0; i < node->size_; ++i) {
      entries[i] = node->entries()[i];
      entries[i].value = copy(entries[i].value, change);
      if (entries[i].value == nullptr) return nullptr;
    }
    out->data_ = entries;
  }
  return out;
}

}  // namespace tocsin
