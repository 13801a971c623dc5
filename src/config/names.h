// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/loading.h"
#include "config/section.h"

namespace tocsin {

// The names of one kind of thing ("check", "notifier") and what refers to them. The names' texts
// must outlive it. Not thread-safe.
class Names {
 public:
  Names(Loading& loading, std::string_view kind) : loading_(loading), kind_(kind) {}

  // Adds the next thing; reports a name that is taken, with both places. An empty name (its mistake
  // is reported already) only takes up a number.
  void add(std::string_view name, Place place);
  // Notes that a thing refers to another.
  struct Edge {
    std::size_t from;
    PlacedText to;
  };
  // The number of the name; reports one that nothing has, with the nearest.
  std::optional<std::size_t> find(const PlacedText& name);
  std::size_t size() const noexcept { return names_.size(); }

  // Reports every edge that names nothing, and every cycle once: `verb` says what an edge is
  // ("depends on").
  void check(const std::vector<Edge>& edges, std::string_view verb);

 private:
  struct Step {
    std::size_t to;
    Place place;
  };
  using Graph = std::vector<std::vector<Step>>;
  void find_cycles(const Graph& graph, std::size_t start, std::vector<char>& state,
                   std::string_view verb);
  void report_cycle(const std::vector<std::size_t>& path, const Step& back, std::string_view verb);

  Loading& loading_;
  std::string_view kind_;
  std::vector<std::string_view> names_;
  std::unordered_map<std::string_view, std::size_t> numbers_;
  std::vector<Place> places_;
};

// The name of a check or notifier: 1–128 characters of letters, digits, space and ._/:@-, no space
// at its ends. What is wrong is reported and an empty text comes back.
std::string read_name(Section& entry, std::string_view kind);

// Which of the type keys an entry has. Nothing if none or two, which is reported: `kind` is what
// the entry is ("check").
std::optional<std::size_t> find_type(Loading& loading, Section& entry, std::string_view kind,
                                     std::span<const std::string_view> types);

}  // namespace tocsin
