// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <string>

#include "probe/registry.h"
#include "support/child.h"

namespace tocsin {

// The settings that point a type of check at a port of this machine, or at nothing in particular if
// it looks at something else: tests/probe/aim/TYPE.yaml, in flow style without its braces. Lines
// with # come first; "# may be unknown" is for what this machine, or this user, may lack.
inline std::filesystem::path aim_of(const CheckType& type) {
  return std::filesystem::path(TOCSIN_SOURCE_DIR) / "tests" / "probe" / "aim" /
         (std::string(type.name) + ".yaml");
}

inline bool may_be_unknown(const CheckType& type) {
  return read_file(aim_of(type)).find("# may be unknown") != std::string::npos;
}

inline void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

inline std::string aimed_at(const CheckType& type, std::uint16_t port, const std::string& user = "",
                            const std::string& host = "127.0.0.1") {
  const auto file = aim_of(type);
  INFO(file.string());
  REQUIRE(std::filesystem::exists(file));
  std::string text = read_file(file);
  while (text.starts_with('#')) text.erase(0, text.find('\n') + 1);
  while (text.ends_with('\n')) text.pop_back();
  const std::string number = std::to_string(port);
  replace_all(text, "{address}", host + ":" + number);
  replace_all(text, "{host}", host);
  replace_all(text, "{port}", number);
  replace_all(text, "{user}", user);
  return text;
}

inline std::string check_of(const CheckType& type, const std::string& settings,
                            const std::string& timeout = "1s") {
  return "timeout: " + timeout + ", " + std::string(type.name) + ": {" + settings + "}";
}

}  // namespace tocsin
