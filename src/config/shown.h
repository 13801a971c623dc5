// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tocsin {

struct Keys;

// A value as print_config writes it, secrets hidden: exactly one of a text, a list, a mapping or
// the keys of a mapping that a type read. A value type.
struct Shown {
  enum class Kind { text, list, map, keys };
  Kind kind = Kind::text;
  std::string text;
  std::vector<Shown> list;
  std::vector<std::pair<std::string, Shown>> map;
  std::shared_ptr<const Keys> keys;

  static Shown of(std::string value) {
    Shown out;
    out.text = std::move(value);
    return out;
  }
  static Shown texts(const std::vector<std::string>& values) {
    Shown out;
    out.kind = Kind::list;
    for (const std::string& value : values) out.list.push_back(of(value));
    return out;
  }
  static Shown mapping() {
    Shown out;
    out.kind = Kind::map;
    return out;
  }
  static Shown of_keys(std::shared_ptr<const Keys> keys) {
    Shown out;
    out.kind = Kind::keys;
    out.keys = std::move(keys);
    return out;
  }
  bool empty() const {
    return (kind == Kind::text && text.empty()) || (kind == Kind::list && list.empty()) ||
           (kind == Kind::map && map.empty());
  }
  // Appends to a mapping unless there is nothing to write.
  void add(std::string key, Shown value) {
    if (!value.empty()) map.emplace_back(std::move(key), std::move(value));
  }
};

// The text of a YAML document. Throws nothing.
std::string write_yaml(const Shown& document);

}  // namespace tocsin
