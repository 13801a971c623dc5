// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// How a mapping is read: finding keys, nested mappings, and telling what nobody asked for. The
// getters of values are in settings.cpp.
#include "config/section.h"

#include <algorithm>

#include "util/text.h"

namespace tocsin {
namespace {

bool contains(const std::vector<std::string_view>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// What an unknown key may have been meant to be.
std::string suggestion(const Keys& keys, std::string_view key, bool search) {
  if (keys.parent != nullptr && contains(keys.parent->asked, key)) {
    return "; it belongs beside \"" + std::string(keys.name) + "\", not in it";
  }
  for (const auto& child : keys.children) {
    if (contains(child->asked, key))
      return "; it belongs inside \"" + std::string(child->name) + "\"";
  }
  const std::string_view meant = search ? nearest(key, keys.asked) : std::string_view{};
  if (!meant.empty()) return "; did you mean \"" + std::string(meant) + "\"?";
  constexpr std::size_t kReadable = 20;
  if (keys.asked.empty() || keys.asked.size() > kReadable) return "; remove it";
  std::string out = "; known here: ";
  for (std::size_t i = 0; i < keys.asked.size(); ++i)
    out += (i > 0 ? ", " : "") + std::string(keys.asked[i]);
  return out;
}

bool report_unknown(Loading& loading, const Keys& keys) {
  bool clean = true;
  if (keys.node != nullptr) {
    for (const Entry& entry : keys.node->entries()) {
      if (contains(keys.asked, entry.key)) continue;
      clean = false;
      if (!loading.first_unknown(entry.place)) continue;
      const bool search = loading.problems.worth_a_suggestion();
      loading.problems.error(
          entry.place, "unknown key " + in_quotes(entry.key) + suggestion(keys, entry.key, search));
    }
  }
  for (const auto& child : keys.children) clean = report_unknown(loading, *child) && clean;
  return clean;
}

}  // namespace

Section::Section(Loading& loading, const Node* mapping)
    : loading_(&loading), keys_(std::make_shared<Keys>()) {
  keys_->node = mapping;
  if (mapping != nullptr) keys_->place = mapping->place();
}

Section::Section(Loading& loading, std::shared_ptr<Keys> keys)
    : loading_(&loading), keys_(std::move(keys)) {}

const Entry* Section::find(std::string_view key) const {
  return keys_->node == nullptr ? nullptr : keys_->node->find(key);
}

bool Section::has(std::string_view key) const {
  if (loading_->record) keys_->probed.push_back(loading_->intern(key));
  return find(key) != nullptr;
}

const Node* Section::node(std::string_view key) {
  if (!contains(keys_->asked, key)) keys_->asked.push_back(loading_->intern(key));
  const Entry* entry = find(key);
  return entry == nullptr ? nullptr : entry->value;
}

bool Section::given(std::string_view key) const {
  return find(key) != nullptr && !contains(keys_->muted, key);
}

Place Section::place(std::string_view key) const {
  const Entry* entry = find(key);
  if (entry == nullptr) return keys_->place;
  return entry->value->is(Node::Kind::null) ? entry->place : entry->value->place();
}

Section Section::child(std::string_view key, std::string_view short_key) {
  const Node* value = node(key);
  for (const auto& known : keys_->children) {
    if (known->name == key) return {*loading_, known};
  }
  auto keys = std::make_shared<Keys>();
  keys->name = loading_->intern(key);
  keys->parent = keys_.get();
  keys->place = place(key);
  if (value != nullptr && value->is(Node::Kind::mapping)) {
    keys->node = value;
  } else if (value != nullptr && !value->is(Node::Kind::null) && !short_key.empty()) {
    keys->node = loading_->tree.wrap(short_key, value);
  } else if (value != nullptr && !value->is(Node::Kind::null)) {
    wrong(key, "mapping");
  }
  keys_->children.push_back(keys);
  show(key, Shown::of_keys(keys));
  return {*loading_, std::move(keys)};
}

std::vector<const Node*> Section::mappings(std::string_view key) {
  const Node* value = node(key);
  std::vector<const Node*> out;
  if (value == nullptr || value->is(Node::Kind::null)) return out;
  if (!value->is(Node::Kind::sequence)) {
    wrong(key, "list of mappings");
    return out;
  }
  for (const Node* item : value->items()) {
    if (item->is(Node::Kind::mapping)) {
      out.push_back(item);
    } else {
      fail(key, item->place(), "mapping expected in this list");
    }
  }
  return out;
}

Section Section::item(std::string_view key, const Node* mapping) const {
  auto keys = std::make_shared<Keys>();
  keys->node = mapping;
  keys->name = loading_->intern(key);
  keys->parent = keys_.get();
  keys->place = mapping->place();
  return {*loading_, std::move(keys)};
}

std::vector<std::string> Section::names() const {
  std::vector<std::string> out;
  if (keys_->node == nullptr) return out;
  for (const Entry& entry : keys_->node->entries()) out.emplace_back(entry.key);
  return out;
}

std::unique_ptr<Settings> Section::section(std::string_view key) {
  return std::make_unique<Section>(child(key));
}

std::unique_ptr<Settings> Section::short_section(std::string_view key, std::string_view short_key) {
  return std::make_unique<Section>(child(key, short_key));
}

std::vector<std::unique_ptr<Settings>> Section::sections(std::string_view key) {
  std::vector<std::unique_ptr<Settings>> out;
  for (const auto& known : keys_->children) {
    if (known->name == key) out.push_back(std::make_unique<Section>(*loading_, known));
  }
  if (!out.empty()) return out;
  Shown shown;
  shown.kind = Shown::Kind::list;
  for (const Node* mapping : mappings(key)) {
    Section child = item(key, mapping);
    keys_->children.push_back(child.keys());
    shown.list.push_back(Shown::of_keys(child.keys()));
    out.push_back(std::make_unique<Section>(std::move(child)));
  }
  show(key, std::move(shown));
  return out;
}

void Section::mute(std::string_view key) {
  if (!contains(keys_->muted, key)) keys_->muted.push_back(loading_->intern(key));
}

void Section::fail(std::string_view key, Place at, std::string message) {
  mute(key);
  loading_->problems.error(at, std::move(message));
}

void Section::error(std::string_view key, std::string message) {
  if (!contains(keys_->muted, key)) loading_->problems.error(place(key), std::move(message));
}

void Section::error(std::string message) {
  loading_->problems.error(keys_->place, std::move(message));
}

void Section::warn(std::string_view key, std::string message) {
  if (!contains(keys_->muted, key)) loading_->problems.warn(place(key), std::move(message));
}

bool Section::finish() {
  return report_unknown(*loading_, *keys_);
}

void Section::show(std::string_view key, Shown value) {
  if (!loading_->record) return;
  const std::string_view name = loading_->intern(key);
  for (const auto& known : keys_->shown) {
    if (known.key == name) return;
  }
  keys_->shown.push_back({name, std::move(value), find(key) == nullptr});
}

}  // namespace tocsin
