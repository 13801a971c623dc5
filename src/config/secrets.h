// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// A text of the configuration with its references put in.
struct Resolved {
  std::string value;        // for the wire
  std::string shown;        // for people: references stay, a URL's user and password are ***
  std::string printed;      // as the configuration would write it, secrets hidden likewise
  bool references = false;  // there is a ${…} in it
  bool secret = false;      // … that comes from a file or a credential
  bool unresolved = false;  // … and was left as it is, for --no-secrets
};

// Puts ${env:NAME}, ${file:/path} and ${credential:NAME} in; $$ is a plain $. Values are read once
// a load. Not thread-safe.
class Secrets {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{64} * 1024;  // of a file or credential

  explicit Secrets(bool resolve) : resolve_(resolve) {}

  // False if something is wrong; `errors` says what, without any value. `folder` is where relative
  // files are looked for: the configuration file's.
  bool resolve(std::string_view text, const std::string& folder, Resolved& into,
               std::vector<std::string>& errors);

 private:
  struct Value {
    std::string text;
    std::string error;  // not empty: it cannot be had
  };
  struct Reference {
    std::string_view kind;
    std::string_view name;
  };
  void reference(std::string_view whole, const std::string& folder, Resolved& into,
                 std::vector<std::string>& errors);
  const Value& look_up(const Reference& reference, const std::string& folder);

  bool resolve_;
  std::map<std::string, Value> known_;
};

// The text with `***` for the user and password of every URL in it.
std::string hide_userinfo(std::string_view text);
bool has_userinfo(std::string_view text);
// The text as a configuration would write it: a $ that would begin a reference is doubled.
std::string escape_dollars(std::string_view text);

}  // namespace tocsin
