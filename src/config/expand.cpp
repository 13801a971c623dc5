// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// All of it happens on nodes, before a check is read: types, defaults and messages know nothing of
// it. What is made has the places of what it was made from, so a mistake in a template is told at
// the template.
#include "config/expand.h"

#include <algorithm>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostFileBytes = 32 * std::size_t{1024} * 1024;
constexpr std::size_t kLongestVariable = 64;

bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

}  // namespace

std::string fill_in(std::string_view text,
                    const std::vector<std::pair<std::string, std::string>>& values) {
  std::string out;
  while (true) {
    const std::size_t open = text.find('{');
    out += text.substr(0, open);
    if (open == std::string_view::npos) return out;
    text.remove_prefix(open);
    const std::size_t end = std::min(text.find('}'), text.size());
    const std::string_view name = text.substr(1, end - 1);
    const auto found =
        std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == name; });
    if (end == text.size() || found == values.end()) {
      out += '{';
      text.remove_prefix(1);
    } else {
      out += found->second;
      text.remove_prefix(end + 1);
    }
  }
}

Expander::Expander(Loading& loading, std::vector<Section>& files, Config& config)
    : loading_(loading), config_(config) {
  for (Section& file : files) {
    const Node* const node = file.node("templates");
    if (node == nullptr || node->is(Node::Kind::null)) continue;
    if (!node->is(Node::Kind::mapping)) {
      loading.problems.error(node->place(), "\"templates\" is a mapping of names to check keys");
      continue;
    }
    for (const Entry& entry : node->entries()) {
      const auto [known, is_new] = templates_.emplace(entry.key, &entry);
      if (!is_new) {
        loading.problems.error(entry.place, "duplicate template " + in_quotes(entry.key) +
                                                "; it is first given at " +
                                                loading.sources.describe(known->second->place));
      }
      if (!entry.value->is(Node::Kind::mapping)) {
        loading.problems.error(entry.place, "a template holds the keys of a check");
      } else if (const Entry* name = entry.value->find("name")) {
        loading.problems.error(name->place, "a name belongs to one check, not to a template");
      }
    }
  }
}

std::vector<const Node*> Expander::expand(const Node& entry) {
  std::vector<std::string_view> chain;
  const Node* node = &entry;
  if (entry.find("use") != nullptr) node = with_templates(entry, chain);
  if (node == nullptr) return {};
  const Entry* const for_each = node->find("for_each");
  if (for_each == nullptr) return {node};

  const Node* const pattern = loading_.tree.without(node, "for_each");
  std::vector<const Node*> out;
  for (const Values& values : rows(*for_each->value)) {
    const Node* const made = fill(pattern, values);
    if (made == nullptr) {
      loading_.problems.error(for_each->place, "too much is made of this; it has more than " +
                                                   std::to_string(Tree::kMostNodes) + " values");
      return {};
    }
    out.push_back(made);
  }
  const Entry* const name = pattern->find("name");
  if (out.size() > 1 && name != nullptr &&
      name->value->text().find('{') == std::string_view::npos) {
    loading_.problems.error(name->value->place(),
                            "the name must hold a variable of for_each, as in \"{host}/ssh\"");
    return {};
  }
  return out;
}

// --- templates
// -----------------------------------------------------------------------------------

// `chain`: the templates that led here.
const Node* Expander::with_templates(const Node& entry, std::vector<std::string_view>& chain) {
  const Entry* const use = entry.find("use");
  if (use == nullptr) return &entry;
  const Node* out = loading_.tree.without(&entry, "use");
  const Node* const one = use->value;
  std::vector<const Node*> names(one->items().begin(), one->is(Node::Kind::sequence)
                                                           ? one->items().end()
                                                           : one->items().begin());
  if (!one->is(Node::Kind::sequence)) names.push_back(one);
  for (const Node* name : names) {
    const Node* const below = find_template(*name, chain);
    if (below == nullptr) return nullptr;
    out = loading_.tree.join(out, below);
    if (out == nullptr) {
      loading_.problems.error(use->place, "with its templates the configuration has more than " +
                                              std::to_string(Tree::kMostNodes) + " values");
      return nullptr;
    }
  }
  return out;
}

// The template's mapping with those it uses itself; null if it cannot be used, which is reported.
const Node* Expander::find_template(const Node& name, std::vector<std::string_view>& chain) {
  if (!name.is(Node::Kind::scalar)) {
    loading_.problems.error(name.place(), "\"use\" takes a template's name, or a list of them");
    return nullptr;
  }
  const auto found = templates_.find(name.text());
  if (found == templates_.end()) {
    std::vector<std::string_view> names;
    for (const auto& [known, entry] : templates_) names.push_back(known);
    const std::string_view near = nearest(name.text(), names);
    loading_.problems.error(
        name.place(),
        "no template is named " + in_quotes(name.text()) +
            (near.empty() ? std::string() : "; did you mean " + in_quotes(near) + "?"));
    return nullptr;
  }
  if (std::find(chain.begin(), chain.end(), name.text()) != chain.end()) {
    loading_.problems.error(name.place(),
                            "the template " + in_quotes(name.text()) + " uses itself in the end");
    return nullptr;
  }
  const Node* const node = found->second->value;
  if (!node->is(Node::Kind::mapping)) return nullptr;  // reported already
  chain.push_back(name.text());
  const Node* const out = with_templates(*node, chain);
  chain.pop_back();
  return out;
}

// --- for_each
// ------------------------------------------------------------------------------------

std::vector<Expander::Values> Expander::rows(const Node& for_each) {
  const Node* node = &for_each;
  if (node->is(Node::Kind::mapping) && node->find("from_file") == nullptr) {
    return combinations(*node);
  }
  node = listed(*node);
  std::vector<Values> out;
  if (node == nullptr) return out;
  for (const Node* item : node->items()) {
    if (!item->is(Node::Kind::mapping)) {
      loading_.problems.error(item->place(),
                              "a row of for_each is a mapping such as {host: web-01}; "
                              "a list of values stands under its variable: "
                              "for_each: {host: [web-01, web-02]}");
      return {};
    }
    if (!add_row(*item, out)) return {};
  }
  return out;
}

bool Expander::add_row(const Node& row, std::vector<Values>& into) {
  Values values;
  for (const Entry& entry : row.entries()) {
    if (!is_variable(entry.key, entry.place)) return false;
    if (!entry.value->is(Node::Kind::scalar)) {
      loading_.problems.error(entry.place, "the value of a variable is a text or a number");
      return false;
    }
    values.emplace_back(entry.key, entry.value->text());
  }
  into.push_back(std::move(values));
  return true;
}

std::vector<Expander::Values> Expander::combinations(const Node& variables) {
  std::vector<Values> out(1);
  for (const Entry& variable : variables.entries()) {
    const Node* const list = listed(*variable.value);
    if (!is_variable(variable.key, variable.place) || list == nullptr) return {};
    std::vector<Values> longer;
    for (const Values& so_far : out) {
      for (const Node* item : list->items()) {
        if (!item->is(Node::Kind::scalar)) {
          loading_.problems.error(item->place(), "the value of a variable is a text or a number");
          return {};
        }
        longer.push_back(so_far);
        longer.back().emplace_back(variable.key, item->text());
        if (longer.size() <= kMostChecks) continue;
        loading_.problems.error(
            variable.place, "for_each makes more than " + std::to_string(kMostChecks) + " checks");
        return {};
      }
    }
    out = std::move(longer);
  }
  if (variables.entries().empty()) {
    loading_.problems.error(variables.place(),
                            "for_each names no variable; write it as "
                            "for_each: {host: [web-01, web-02]}");
    return {};
  }
  return out;
}

bool Expander::is_variable(std::string_view name, Place place) {
  if (!name.empty() && name.size() <= kLongestVariable &&
      std::all_of(name.begin(), name.end(), is_word)) {
    return true;
  }
  loading_.problems.error(place, "a variable's name has letters, digits, \"_\" and \"-\"");
  return false;
}

// The list, be it here or in a file; null if there is none, which is reported.
const Node* Expander::listed(const Node& value) {
  if (value.is(Node::Kind::sequence)) return &value;
  const Entry* const path = value.find("from_file");
  if (path != nullptr && value.entries().size() == 1 && path->value->is(Node::Kind::scalar)) {
    return from_file(*path->value);
  }
  loading_.problems.error(value.place(), "a list is wanted here, or {from_file: PATH}");
  return nullptr;
}

const Node* Expander::from_file(const Node& path) {
  std::string name(path.text());
  const std::string folder = loading_.folder(path.place().file);
  if (!name.starts_with('/') && !folder.empty()) {
    name.insert(0, folder.ends_with('/') ? folder : folder + "/");
  }
  const auto [known, is_new] = files_.emplace(name, nullptr);
  if (!is_new) return known->second;
  config_.watched_files.emplace_back(name);
  std::string text;
  std::string why;
  if (!read_file(name, kMostFileBytes, text, why)) {
    loading_.problems.error(path.place(), "cannot read " + in_quotes(name) + ": " + why);
    return nullptr;
  }
  const std::uint32_t file = loading_.sources.add(name);
  loading_.sources.set_text(file, std::move(text));
  const Node* const root = loading_.tree.parse(loading_.sources, file, loading_.problems);
  if (root != nullptr && !root->is(Node::Kind::sequence)) {
    loading_.problems.error(root->place(), "the file of a for_each holds a list");
    return nullptr;
  }
  known->second = root;
  return root;
}

const Node* Expander::fill(const Node* node, const Values& values) {
  return loading_.tree.copy(node, [&](std::string_view text) { return fill_in(text, values); });
}

}  // namespace tocsin
