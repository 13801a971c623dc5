// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/time.h"

namespace tocsin {

// What a gRPC health check puts on HTTP/2, and what comes back. Sources: gRPC's PROTOCOL-HTTP2.md
// (the framing, grpc-status, grpc-timeout), grpc/health/v1/health.proto, and Protocol Buffers'
// encoding. All functions are pure, and bounded by what they are given.

inline constexpr std::string_view kHealthCheckPath = "/grpc.health.v1.Health/Check";

// The body of a request: a HealthCheckRequest in its frame. An empty service is the server as a
// whole. REQUIRES: the service is valid UTF-8.
std::string health_request(std::string_view service);

// The value of grpc-timeout: at most eight digits and a unit; at least a millisecond.
std::string grpc_timeout(Millis left);

// "NOT_FOUND"; nothing for a code that gRPC does not have.
std::optional<std::string_view> grpc_code_name(int code) noexcept;
// "SERVING"; nothing for a value that the protocol does not have.
std::optional<std::string_view> health_status_name(std::uint64_t status) noexcept;

// What there is of an HTTP answer.
struct GrpcInput {
  int status = 0;  // HTTP's
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, std::string>> trailers;
  std::string body;
  bool body_cut = false;  // there was more of it than is taken
};

// What an answer means.
struct GrpcAnswer {
  // Why it is not one of gRPC's health protocol: "the server answered HTTP 502 with text/html, not
  // gRPC". Empty: one of the two below is there.
  std::string trouble;
  std::optional<std::uint64_t> health;  // the call went well, and this is the service's status
  std::optional<int> code;              // the call failed so; never 0
  std::string message;                  // the server's words on that, printable
};
GrpcAnswer read_health_answer(const GrpcInput& input);

}  // namespace tocsin
