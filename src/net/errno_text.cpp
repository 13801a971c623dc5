// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/errno_text.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include "util/duration.h"

namespace tocsin {

NetError net_error_of(int error) noexcept {
  switch (error) {
    case 0: return NetError::none;
    case ECONNREFUSED: return NetError::refused;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ENONET:
    case EAFNOSUPPORT:  // an address of a family this machine does not speak
      return NetError::unreachable;
    // The kernel gave up connecting, or a firewall answered in its name.
    case ETIMEDOUT: return NetError::connect_timeout;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case ENOTCONN: return NetError::closed;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EADDRNOTAVAIL:  // no local port is left
    case EADDRINUSE:
    case EAGAIN:
    case EPERM:  // a firewall or a sandbox of our own
    case EACCES: return NetError::out_of_resources;
    default: return NetError::other;
  }
}

std::string with_address(std::string what, std::string_view address) {
  if (address.empty()) return what;
  what += " (";
  what += address;
  what += ')';
  return what;
}

namespace {

const char* words(NetError error) noexcept {
  switch (error) {
    case NetError::none: return "";
    case NetError::bad_url: return "the URL is malformed";
    case NetError::no_such_host: return "no such host";
    case NetError::resolver: return "the resolver did not answer";
    case NetError::refused: return "connection refused";
    case NetError::unreachable: return "no route to the host";
    case NetError::connect_timeout: return "connection timed out";
    case NetError::timeout: return "timed out";
    case NetError::closed: return "the other side closed the connection";
    case NetError::tls: return "TLS failed";
    case NetError::protocol: return "the answer is not understood";
    case NetError::too_large: return "the answer is too large";
    case NetError::proxy: return "the proxy failed";
    case NetError::out_of_resources: return "out of descriptors, memory or ports here";
    case NetError::other: return "failed";
  }
  return "failed";
}

}  // namespace

std::string net_text(NetError error, std::string_view address, Millis after) {
  std::string text = words(error);
  if (after > Millis{0}) text += " after " + human_duration(after);
  return with_address(std::move(text), address);
}

std::string errno_text(int error, std::string_view address) {
  const NetError kind = net_error_of(error);
  const std::string system = std::generic_category().message(error);
  if (kind == NetError::other) return with_address("connection failed: " + system, address);
  if (kind == NetError::out_of_resources) {
    const bool forbidden = error == EPERM || error == EACCES;
    return with_address((forbidden ? "not allowed here: " : "out of resources here: ") + system,
                        address);
  }
  return net_text(kind, address);
}

}  // namespace tocsin
