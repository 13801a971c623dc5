// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/loading.h"
#include "config/section.h"
#include "config/tree.h"

namespace tocsin {

// Checks without copy and paste: an entry of "checks" becomes the mappings that it stands for.
//
// `use: NAME` (or a list) puts the entry over blocks of "templates": mappings are joined key by
// key, anything else is replaced; the entry wins over its templates, a template over those it uses
// itself and over those named after it.
//
// `for_each: {host: [a, b]}` makes one mapping for every value (of several variables: for every
// combination), with {host} filled in wherever it stands in a text. A list of mappings,
// `for_each: [{host: a, ip: 10.0.0.1}, …]`, is one a row. In the place of either list may stand
// `{from_file: PATH}`, a YAML or JSON file that holds it; such files are noted in
// Config::watched_files. Other words in braces are left alone: they may mean something to the type.
//
// Lives as long as the load; not thread-safe.
class Expander {
 public:
  static constexpr std::size_t kMostChecks = 100'000;  // that one entry may make

  // Reads "templates" of all files.
  Expander(Loading& loading, std::vector<Section>& files, Config& config);

  // What the entry stands for: itself, if it has neither key. What is wrong has been reported, and
  // is left out.
  std::vector<const Node*> expand(const Node& entry);

 private:
  using Values = std::vector<std::pair<std::string, std::string>>;  // variable to value

  const Node* with_templates(const Node& entry, std::vector<std::string_view>& chain);
  const Node* find_template(const Node& name, std::vector<std::string_view>& chain);
  std::vector<Values> rows(const Node& for_each);
  bool add_row(const Node& row, std::vector<Values>& into);
  std::vector<Values> combinations(const Node& variables);
  const Node* listed(const Node& value);
  const Node* from_file(const Node& path);
  const Node* fill(const Node* node, const Values& values);
  bool is_variable(std::string_view name, Place place);

  Loading& loading_;
  Config& config_;
  std::map<std::string_view, const Entry*> templates_;
  std::map<std::string, const Node*> files_;  // by path; null: could not be used
};

// The text with every {name} of the values replaced, in one pass: what is filled in is not looked
// at again.
std::string fill_in(std::string_view text,
                    const std::vector<std::pair<std::string, std::string>>& values);

}  // namespace tocsin
