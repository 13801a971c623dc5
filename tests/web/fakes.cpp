// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "web/fakes.h"

#include "web/handlers.h"

namespace tocsin {

Response FakeSite::ask(Request request, std::span<const Route> routes) {
  return Router(routes, Guard(guard), Services{control, store, heartbeats})
      .answer(std::move(request));
}

Response FakeSite::ask(Request request) {
  return ask(std::move(request), web_routes());
}

Response FakeSite::get(std::string target) {
  return ask(made_request(std::move(target)));
}

std::string header_of(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace tocsin
