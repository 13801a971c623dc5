// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <yaml-cpp/emitter.h>

#include <algorithm>

#include "config/section.h"
#include "config/shown.h"

namespace tocsin {
namespace {

void write(YAML::Emitter& out, const Shown& value);

// A default is written only where that says the same as leaving the key out: there is something to
// write, and the type did not ask whether the key is there.
bool is_silent(const Keys& keys, const Keys::Value& entry) {
  if (!entry.absent) return false;
  const bool asked =
      std::find(keys.probed.begin(), keys.probed.end(), entry.key) != keys.probed.end();
  const Keys* within = entry.value.keys.get();
  const bool nothing = within != nullptr && std::all_of(within->shown.begin(), within->shown.end(),
                                                        [&](const Keys::Value& each) {
                                                          return is_silent(*within, each);
                                                        });
  return asked || nothing || entry.value.empty();
}

void write_keys(YAML::Emitter& out, const Keys& keys) {
  const bool empty = std::all_of(keys.shown.begin(), keys.shown.end(),
                                 [&](const Keys::Value& each) { return is_silent(keys, each); });
  if (empty) out << YAML::Flow;
  out << YAML::BeginMap;
  for (const Keys::Value& entry : keys.shown) {
    if (is_silent(keys, entry)) continue;
    out << YAML::Key << std::string(entry.key) << YAML::Value;
    write(out, entry.value);
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
