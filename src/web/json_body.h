// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <Poco/Dynamic/Var.h>
#include <Poco/JSON/Object.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace tocsin {

// The JSON object in the body of a request that steers, read key by key. Whatever is odd about it
// is a mistake, of which the first is kept: it comes from who can read the answer and try again.
// One function's local; not thread-safe. Never throws for what is in the body.
class JsonBody {
 public:
  // Refuses what is no object, a key that stands twice, and a key that is not known. `known` must
  // outlive it.
  JsonBody(const std::string& body, std::span<const std::string_view> known);

  // The value; empty if the key is not there, or null.
  Poco::Dynamic::Var value(std::string_view key) const;
  // A text as it came; empty if it is not given.
  std::string text(std::string_view key);
  // A line of printable text of at most so many bytes; empty if it is not given.
  std::string line(std::string_view key, std::size_t most);
  bool flag(std::string_view key);
  // An object within, which knows these keys alone; null if there is none, which is a mistake.
  Poco::JSON::Object::Ptr object(std::string_view key, std::span<const std::string_view> known);

  void wrong(std::string mistake);
  const std::string& mistake() const noexcept { return mistake_; }

 private:
  void parse(const std::string& body);
  void refuse_unknown(const Poco::JSON::Object& object, std::span<const std::string_view> known);

  Poco::JSON::Object::Ptr object_ = new Poco::JSON::Object;
  std::string mistake_;
};

// "KEY may have N bytes at the most", in quotes.
std::string too_long(std::string_view key, std::size_t most);

}  // namespace tocsin
