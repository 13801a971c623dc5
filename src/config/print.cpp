// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <yaml-cpp/emitter.h>

#include "config/section.h"
#include "config/shown.h"

namespace tocsin {
namespace {

void write(YAML::Emitter& out, const Shown& value);

void write_keys(YAML::Emitter& out, const Keys& keys) {
  if (keys.shown.empty()) {
    out << YAML::Flow << YAML::BeginMap << YAML::EndMap;
    return;
  }
  out << YAML::BeginMap;
  for (const auto& [key, value] : keys.shown) {
    // A mapping that is not in the file and has no defaults says nothing.
    if (value.kind == Shown::Kind::keys && value.keys->node == nullptr && value.keys->shown.empty())
      continue;
    out << YAML::Key << std::string(key) << YAML::Value;
    write(out, value);
  }
  out << YAML::EndMap;
}

bool only_texts(const Shown& list) {
  for (const Shown& item : list.list) {
    if (item.kind != Shown::Kind::text) return false;
  }
  return true;
}

void write(YAML::Emitter& out, const Shown& value) {
  switch (value.kind) {
    case Shown::Kind::text: out << value.text; return;
    case Shown::Kind::keys: write_keys(out, *value.keys); return;
    case Shown::Kind::list:
      out << (only_texts(value) ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
      for (const Shown& item : value.list) write(out, item);
      out << YAML::EndSeq;
      return;
    case Shown::Kind::map:
      out << YAML::BeginMap;
      for (const auto& [key, item] : value.map) {
        out << YAML::Key << key << YAML::Value;
        write(out, item);
      }
      out << YAML::EndMap;
      return;
  }
}

}  // namespace

std::string write_yaml(const Shown& document) {
  YAML::Emitter out;
  write(out, document);
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace tocsin
