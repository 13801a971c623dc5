// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/token_cache.h"

#include <utility>

namespace tocsin {

asio::execution_context::id TokenCache::id;

std::string TokenCache::get(const std::string& asked_with, SteadyTime now) const {
  const auto found = tokens_.find(asked_with);
  return found == tokens_.end() || found->second.until <= now ? std::string() : found->second.token;
}

void TokenCache::put(const std::string& asked_with, std::string token, SteadyTime now,
                     SteadyTime until) {
  // Those of settings that are gone, too.
  std::erase_if(tokens_, [now](const auto& entry) { return entry.second.until <= now; });
  if (until > now) tokens_.insert_or_assign(asked_with, Entry{std::move(token), until});
}

}  // namespace tocsin
