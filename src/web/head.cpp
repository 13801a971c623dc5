// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "web/head.h"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequest.h>

#include <sstream>
#include <string>

namespace tocsin {
namespace {

// The size of the head with its blank line; 0 if there is none. Bare line feeds count, as they do
// for Poco.
std::size_t head_size(std::string_view arrived) noexcept {
  for (std::size_t at = arrived.find('\n'); at != std::string_view::npos;
       at = arrived.find('\n', at + 1)) {
    const std::string_view rest = arrived.substr(at + 1);
    if (rest.starts_with('\n')) return at + 2;
    if (rest.starts_with("\r\n")) return at + 3;
  }
  return 0;
}

bool parses(std::string_view head) {
  std::istringstream in{std::string(head)};
  try {
    Poco::Net::HTTPRequest request;
    request.read(in);
    return request.getVersion().starts_with("HTTP/1.");
  } catch (const Poco::Exception&) {
    return false;
  }
}

}  // namespace

Head judge_head(std::string_view arrived) {
  // A blank line in front would make Poco's parser skip it and wait for the head behind it.
  if (!arrived.empty() && (arrived[0] < 'A' || arrived[0] > 'Z')) return Head::bad;
  const std::size_t size = head_size(arrived);
  if (size > kMostHead) return Head::too_large;
  if (size > 0) return parses(arrived.substr(0, size)) ? Head::complete : Head::bad;
  return arrived.size() >= kMostHead ? Head::too_large : Head::more;
}

}  // namespace tocsin
