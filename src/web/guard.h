// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tocsin/secret.h"
#include "web/http.h"

namespace tocsin {

// What a route demands of who calls it.
enum class Access : std::uint8_t {
  secret,  // whoever sends a check's secret as the first part of the path's parameter
  open,    // anyone who reaches the port; shows nothing but whether we are well
  read,    // read_token or admin_token if there is a read_token; whoever may open the unix socket
  steer,   // admin_token; over the unix socket root, our own user or the daemon's group
};

// Whom and what we listen for.
struct GuardSettings {
  enum class Where : std::uint8_t { loopback, elsewhere, unix_socket };
  Where where = Where::loopback;
  std::string host;        // the address listened on, without brackets
  std::uint16_t port = 0;  // the one that was bound
  Secret read_token;
  Secret admin_token;
};

// The rules of DESIGN section 4 that hold for every route. Another user of this machine reaches a
// loopback port, and so does any web page in an administrator's browser: by a form, or, once its
// name is made to mean 127.0.0.1 (DNS rebinding), by plain requests. So `Host` must name us,
// `Origin` must be us, and what steers needs a token that no browser sends by itself.
//
// Immutable; safe from every thread. Each call gives the refusal, or nothing.
class Guard {
 public:
  explicit Guard(GuardSettings settings);

  // 400 without exactly one well-formed Host; 421 for another name than ours on loopback; 403 for a
  // foreign Origin.
  std::optional<Response> refuse_origin(const Request& request) const;
  // 401 for a missing or wrong token, 403 where none would help.
  std::optional<Response> refuse_access(Access access, const Request& request) const;

 private:
  bool is_our_host(std::string_view host) const;
  std::optional<Response> refuse_read(const Request& request) const;
  std::optional<Response> refuse_steer(const Request& request) const;

  GuardSettings settings_;
};

// Whether the texts are the same, in a time that depends on the length of `given` alone.
bool same_secret(std::string_view secret, std::string_view given) noexcept;

}  // namespace tocsin
