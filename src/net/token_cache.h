// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/execution_context.hpp>
#include <map>
#include <string>

#include "tocsin/time.h"

namespace tocsin {

// The access tokens that were given to what runs on one loop, so that a token server is asked once
// in a token's life and not once a look or a message. One of the loop's Asio services
// (asio::use_service): probers and notifiers stay immutable, tokens outlive a reload, and a loop
// that needs none has none. Two who find no token at the same time both ask, and either token
// serves. One loop's thread only.
class TokenCache final : public asio::execution_context::service {
 public:
  static asio::execution_context::id id;

  explicit TokenCache(asio::execution_context& loop) : service(loop) {}

  // Under all that it was asked with. Empty where there is none, or it has ended.
  std::string get(const std::string& asked_with, SteadyTime now) const;
  // Keeps it until then; throws out what has ended.
  void put(const std::string& asked_with, std::string token, SteadyTime now, SteadyTime until);
  void forget(const std::string& asked_with) { tokens_.erase(asked_with); }

 private:
  void shutdown() override { tokens_.clear(); }

  struct Entry {
    std::string token;
    SteadyTime until;
  };
  std::map<std::string, Entry> tokens_;
};

}  // namespace tocsin
