// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// yaml-cpp's own tree takes ten kilobytes a check, keeps duplicate keys, leaves `<<` alone and
// copies nothing back of where a value stood. So only its parser is used: its events build the
// nodes here, in one arena that is dropped as a whole. Children are collected on two stacks shared
// by all open containers and copied into the arena when their container ends. What could make a
// small file large is bounded while it happens: depth, the size with all aliases expanded, and what
// merge keys copy.
#include "config/tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <sstream>
#include <unordered_map>
#include <vector>

#include "config/syntax.h"
#include "util/text.h"

namespace tocsin {
namespace {

// Ends the parsing of a file.
struct Refused {
  Place place;
  std::string message;
};

constexpr std::string_view kStandardTag = "tag:yaml.org,2002:";

}  // namespace

const Entry* Node::find(std::string_view key) const noexcept {
  if (kind_ != Kind::mapping) return nullptr;
  for (const Entry& entry : entries()) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

// Makes nodes of yaml-cpp's events. Throws Refused.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::pmr::memory_resource& arena, const Sources& sources, std::uint32_t file,
              Problems& problems, std::uint32_t nodes)
      : arena_(arena), sources_(sources), file_(file), problems_(problems), before_(nodes) {}

  const Node* root() const noexcept { return root_; }
  std::uint32_t nodes() const noexcept { return before_ + (root_ ? root_->weight_ : 0) + merged_; }
  // Where the last quoted text began.
  std::optional<std::uint32_t> last_quoted() const noexcept { return last_quoted_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (root_ != nullptr) {
      throw Refused{place(mark),
                    "a second document or what reads as one; a file holds one mapping"};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node& node = add(mark, anchor, Node::Kind::null);
    const std::string_view text = sources_.text(file_);
    for (const std::string_view word : {"null", "Null", "NULL", "~"}) {
      if (text.substr(node.place_.offset).starts_with(word)) set_text(node, word);
    }
    // Where nothing is written the parser has the place of what comes next; the sign before tells
    // more.
    if (node.size_ == 0 && node.place_.offset > 0) {
      const std::size_t sign = text.find_last_not_of(" \t\r\n", node.place_.offset - 1);
      if (sign != std::string_view::npos && (text[sign] == '-' || text[sign] == ':'))
        node.place_.offset = static_cast<std::uint32_t>(sign);
    }
    finish(node);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Node* target = anchors_.at(anchor);
    if (target->open_)
      throw Refused{place(mark), "this alias stands within its own anchor; that never ends"};
    push(target, place(mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node& node = add(mark, anchor, Node::Kind::scalar);
    const std::string_view kind = check_tag(tag, node.place_, Node::Kind::scalar);
    node.plain_ = kind != "!" && kind != "str";
    if (kind == "!") last_quoted_ = node.place_.offset;
    set_text(node, value);
    finish(node);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(mark, tag, anchor, Node::Kind::sequence);
  }
  void OnSequenceEnd() override {
    const std::size_t begin = open_.back().begin;
    Node& node = *open_.back().node;
    const std::size_t count = values_.size() - begin;
    auto* items = allocate<const Node*>(count);
    std::uint64_t weight = 1;
    for (std::size_t i = 0; i < count; ++i) {
      items[i] = values_[begin + i].node;
      weight += items[i]->weight_;
    }
    close(node, items, count, weight);
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(mark, tag, anchor, Node::Kind::mapping);
  }
  void OnMapEnd() override;

 private:
  struct Value {
    const Node* node;
    Place place;  // of the alias, where it is one
  };
  struct Open {
    Node* node;
    std::size_t begin;  // of its children among values_
  };

  Place place(const YAML::Mark& mark) const {
    return {file_, static_cast<std::uint32_t>(std::max(mark.pos, 0))};
  }
  template <typename T>
  T* allocate(std::size_t count) {
    return static_cast<T*>(
        arena_.allocate(sizeof(T) * std::max<std::size_t>(count, 1), alignof(T)));
  }
  void set_text(Node& node, std::string_view text) {
    char* copy = allocate<char>(text.size());
    std::memcpy(copy, text.data(), text.size());
    node.data_ = copy;
    node.size_ = static_cast<std::uint32_t>(text.size());
  }
  Node& add(const YAML::Mark& mark, YAML::anchor_t anchor, Node::Kind kind) {
    Node* node = new (allocate<Node>(1)) Node;
    node->kind_ = kind;
    node->place_ = place(mark);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    return *node;
  }
  void push(const Node* node, Place at) {
    if (open_.empty()) {
      root_ = node;
    } else {
      values_.push_back({node, at});
    }
  }
  void finish(Node& node) { push(&node, node.place_); }
  void start(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
             Node::Kind kind) {
    Node& node = add(mark, anchor, kind);
    check_tag(tag, node.place_, kind);
    if (open_.size() >= Tree::kMostDepth) {
      throw Refused{node.place_,
                    "nested deeper than " + std::to_string(Tree::kMostDepth) + " levels"};
    }
    node.open_ = true;
    open_.push_back({&node, values_.size()});
  }
  void close(Node& node, const void* data, std::size_t count, std::uint64_t weight) {
    node.data_ = data;
    node.size_ = static_cast<std::uint32_t>(count);
    refuse_bomb(node.place_, weight);
    node.weight_ = static_cast<std::uint32_t>(weight);
    node.open_ = false;
    values_.resize(open_.back().begin);
    open_.pop_back();
    finish(node);
  }
  void refuse_bomb(Place at, std::uint64_t weight) const {
    if (before_ + merged_ + weight <= Tree::kMostNodes) return;
    throw Refused{at, "with its aliases expanded the configuration has more than " +
                          std::to_string(Tree::kMostNodes) + " values; that is the limit"};
  }

  std::string_view check_tag(std::string_view tag, Place at, Node::Kind kind);
  bool take_key(const Node& key, Place at, std::vector<Entry>& into);
  void merge(const Node& value, Place at, std::vector<Entry>& into);
  void merge_one(const Node& mapping, std::vector<Entry>& into);
  const Entry* known(std::string_view key, const std::vector<Entry>& entries);

  std::pmr::memory_resource& arena_;
  const Sources& sources_;
  std::uint32_t file_;
  Problems& problems_;
  std::uint32_t before_;      // nodes of the files before this one
  std::uint32_t merged_ = 0;  // entries that merge keys copied
  const Node* root_ = nullptr;
  std::vector<Value> values_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, const Node*> anchors_;
  std::unordered_map<std::string_view, std::size_t> index_;  // of a large mapping's keys
  std::optional<std::uint32_t> last_quoted_;
};

// What is left of the tag: "?" for none, "!" for a quoted text, else the standard one's name.
// Others are reported: nothing here gives them a meaning.
std::string_view TreeBuilder::check_tag(std::string_view tag, Place at, Node::Kind kind) {
  if (tag.empty() || tag == "?" || tag == "!") return tag.empty() ? "?" : tag;
  const std::string_view name =
      tag.starts_with(kStandardTag) ? tag.substr(kStandardTag.size()) : std::string_view{};
  const bool fits = kind == Node::Kind::mapping ? name == "map"
                    : kind == Node::Kind::sequence
                        ? name == "seq"
                        : name == "str" || name == "int" || name == "float" || name == "bool";
  if (fits) return name;
  const std::string written = name.empty() ? std::string(tag) : "!!" + std::string(name);
  problems_.error(at, "unknown tag " + in_quotes(written) + "; remove it");
  return "?";
}

// The entry of that key; small mappings are searched, large ones have an index.
const Entry* TreeBuilder::known(std::string_view key, const std::vector<Entry>& entries) {
  constexpr std::size_t kSmall = 16;
  if (entries.size() <= kSmall) {
    index_.clear();
    const auto at = std::find_if(entries.begin(), entries.end(),
                                 [&](const Entry& entry) { return entry.key == key; });
    return at == entries.end() ? nullptr : &*at;
  }
  for (std::size_t i = index_.size(); i < entries.size(); ++i) index_.emplace(entries[i].key, i);
  const auto at = index_.find(key);
  return at == index_.end() ? nullptr : &entries[at->second];
}

// Appends an entry for the key, its value to be set; false if the key is wrong, which is reported.
bool TreeBuilder::take_key(const Node& key, Place at, std::vector<Entry>& into) {
  if (key.kind_ != Node::Kind::scalar) {
    problems_.error(at, "a key must be a text");
    return false;
  }
  if (const Entry* first = known(key.text(), into)) {
    problems_.error(at, "duplicate key " + in_quotes(key.text()) + "; it is first given at " +
                            sources_.describe(first->place));
    return false;
  }
  into.push_back({key.text(), at, nullptr});
  return true;
}

void TreeBuilder::OnMapEnd() {
  Node& node = *open_.back().node;
  const std::size_t begin = open_.back().begin;
  std::vector<Entry> entries;
  entries.reserve((values_.size() - begin) / 2);
  std::vector<Value> merges;
  Place merge_place;
  std::uint64_t weight = 1;
  index_.clear();
  for (std::size_t i = begin; i + 1 < values_.size(); i += 2) {
    const Value key = values_[i];
    const Value value = values_[i + 1];
    weight += 1 + value.node->weight_;
    if (key.node->kind_ == Node::Kind::scalar && key.node->plain_ && key.node->text() == "<<") {
      if (!merges.empty()) {
        problems_.error(key.place, "duplicate key \"<<\"; it is first given at " +
                                       sources_.describe(merge_place) + "; merge a list instead");
      }
      merge_place = key.place;
      merges.push_back(value);
    } else if (take_key(*key.node, key.place, entries)) {
      entries.back().value = value.node;
    }
  }
  for (const Value& value : merges) merge(*value.node, value.place, entries);
  index_.clear();
  auto* kept = allocate<Entry>(entries.size());
  std::copy(entries.begin(), entries.end(), kept);
  close(node, kept, entries.size(), weight);
}

void TreeBuilder::merge(const Node& value, Place at, std::vector<Entry>& into) {
  if (value.kind_ == Node::Kind::mapping) return merge_one(value, into);
  bool fits = value.kind_ == Node::Kind::sequence;
  if (fits) {
    for (const Node* item : value.items()) {
      if (item->kind_ == Node::Kind::mapping) merge_one(*item, into);
      fits = fits && item->kind_ == Node::Kind::mapping;
    }
  }
  if (!fits) problems_.error(at, "\"<<\" merges a mapping or a list of mappings");
}

// What is there already wins: the mapping's own keys, then the earlier of the merged ones.
void TreeBuilder::merge_one(const Node& mapping, std::vector<Entry>& into) {
  merged_ += mapping.size_;
  refuse_bomb(mapping.place_, 0);
  for (const Entry& entry : mapping.entries()) {
    if (known(entry.key, into) == nullptr) into.push_back(entry);
  }
}

const Node* Tree::parse(const Sources& sources, std::uint32_t file, Problems& problems) {
  const std::string_view text = sources.text(file);
  if (const auto bad = find_bad_byte(text)) {
    problems.error({file, bad->offset}, bad->why);
    return nullptr;
  }
  TreeBuilder builder(arena_, sources, file, problems, nodes_);
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
    if (builder.last_quoted() && is_unclosed_quote(text, *builder.last_quoted()))
      throw Refused{{file, *builder.last_quoted()},
                    "the quoted text that begins here is not closed"};
  } catch (const Refused& refused) {
    problems.error(refused.place, refused.message);
    return nullptr;
  } catch (const YAML::Exception& error) {
    const auto offset = static_cast<std::uint32_t>(std::max(error.mark.pos, 0));
    SyntaxError explained = explain_syntax(text, offset, error.msg);
    problems.error({file, explained.offset}, std::move(explained.message));
    return nullptr;
  }
  if (builder.root() == nullptr || builder.root()->is(Node::Kind::null)) {
    problems.error({file}, "the file is empty; it should hold a mapping of keys such as checks");
    return nullptr;
  }
  nodes_ = builder.nodes();
  return builder.root();
}

const Node* Tree::wrap(std::string_view key, const Node* value) {
  auto* entry = static_cast<Entry*>(arena_.allocate(sizeof(Entry), alignof(Entry)));
  *entry = {key, value->place(), value};
  Node* node = new (arena_.allocate(sizeof(Node), alignof(Node))) Node;
  node->kind_ = Node::Kind::mapping;
  node->place_ = value->place();
  node->data_ = entry;
  node->size_ = 1;
  return node;
}

std::optional<BadByte> find_bad_byte(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const bool valid = is_valid_utf8(text);
  std::size_t good_until = 0;  // the end of the characters looked at
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!valid && i == good_until) {
      std::size_t length = 1;
      while (length <= 4 && !is_valid_utf8(text.substr(i, length))) ++length;
      if (length > 4)
        return BadByte{static_cast<std::uint32_t>(i), "not valid UTF-8; save the file as UTF-8"};
      good_until = i + length;
    }
    const bool lone_return = at(i) == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
    const bool control =
        (at(i) < 0x20 && at(i) != '\t' && at(i) != '\n' && at(i) != '\r') || at(i) == 0x7F;
    if (control || lone_return)
      return BadByte{static_cast<std::uint32_t>(i),
                     "a control character; remove it, or write it as an escape in double quotes"};
  }
  return std::nullopt;
}

}  // namespace tocsin
