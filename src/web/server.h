// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <memory>
#include <span>
#include <string>

#include "tocsin/config.h"
#include "tocsin/snapshot.h"
#include "tocsin/store.h"

namespace tocsin {

class HeartbeatDoor;  // web/heartbeat_door.h
struct Route;         // web/router.h

// The web side: /healthz, /api/v1/…, /metrics (DESIGN section 4). It reads snapshots and the
// store's lists and has threads of its own; it never touches the core's state.
class WebServer {
 public:
  // Listens and serves. Throws std::runtime_error with the address in its text if it cannot be
  // bound.
  WebServer(const WebSettings& settings, Control& control, Store& store, HeartbeatDoor& heartbeats);
  // The same with another table of routes (router.h), which must outlive it.
  WebServer(const WebSettings& settings, Control& control, Store& store, HeartbeatDoor& heartbeats,
            std::span<const Route> routes);
  // Stops serving; requests under way are given a moment.
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  // Where it listens, as people type it: "http://127.0.0.1:8480" or "unix:/run/tocsin/web.sock".
  std::string address() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin
