// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "web/handlers.h"

namespace tocsin {
namespace {

constexpr Route kHeartbeatRoutes[] = {
    {"GET", "/heartbeat/{secret*}", Access::secret, take_heartbeat},
    {"POST", "/heartbeat/{secret*}", Access::secret, take_heartbeat},
};

constexpr Route kRoutes[] = {
    kHeartbeatRoutes[0],
    kHeartbeatRoutes[1],
    {"GET", "/healthz", Access::open, get_healthz},
    {"GET", "/", Access::read, get_page},
    {"GET", "/style.css", Access::open, get_style},
    {"POST", "/api/v1/acknowledgements", Access::steer, post_acknowledgement},
    {"GET", "/api/v1/checks", Access::read, get_checks},
    {"GET", "/api/v1/checks/{name*}", Access::read, get_check},
    {"GET", "/api/v1/incidents", Access::read, get_incidents},
    {"POST", "/api/v1/messages", Access::steer, post_message},
    {"GET", "/api/v1/notifications", Access::read, get_notifications},
    {"GET", "/api/v1/silences", Access::read, get_silences},
    {"POST", "/api/v1/silences", Access::steer, post_silence},
    {"POST", "/api/v1/silences/{id}/end", Access::steer, post_silence_end},
    {"GET", "/api/v1/withheld", Access::read, get_withheld},
    {"GET", "/metrics", Access::read, get_metrics},
};

}  // namespace

std::span<const Route> web_routes() noexcept {
  return kRoutes;
}

std::span<const Route> heartbeat_routes() noexcept {
  return kHeartbeatRoutes;
}

}  // namespace tocsin
