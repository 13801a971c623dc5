// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <span>
#include <string>

#include "web/fakes.h"
#include "web/handlers.h"
#include "web/server.h"

namespace tocsin {

// A server on a port that the kernel chose, or where it is told to, over fakes. Its admin token is
// "admin-token".
struct ServedSite {
  explicit ServedSite(std::string listen = "127.0.0.1:0",
                      std::span<const Route> routes = web_routes()) {
    settings.listen = std::move(listen);
    settings.admin_token = Secret("admin-token");
    server.emplace(settings, control, store, heartbeats, routes);
    address = server->address();
  }
  WebSettings settings;
  FakeControl control;
  FakeStore store;
  HeartbeatDoor heartbeats;
  std::optional<WebServer> server;
  std::string address;
};

inline Millis since(SteadyTime begin) {
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - begin);
}

}  // namespace tocsin
