// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The answer to a gRPC health check. Input: the HTTP status in two bytes, then headers and trailers
// as lines "name: value" ("trailers" as a line of its own between them), a zero byte, the body.
#include <string>

#include "fuzz/fuzz.h"
#include "probe/grpc_frame.h"

namespace tocsin::fuzz {
namespace {

void add_headers(std::string_view lines, GrpcInput& into) {
  auto* headers = &into.headers;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    const std::size_t colon = line.find(": ");
    if (line == "trailers") headers = &into.trailers;
    if (colon == std::string_view::npos) continue;
    headers->emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
}

}  // namespace
}  // namespace tocsin::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  if (size < 2) return 0;
  GrpcInput input;
  input.status = (data[0] << 8 | data[1]) % 1000;
  const auto [lines, body] = fuzz::two_parts(fuzz::text_of(data + 2, size - 2));
  fuzz::add_headers(lines, input);
  input.body = body;
  input.body_cut = (data[0] & 0x80) != 0;
  const GrpcAnswer answer = read_health_answer(input);
  const int outcomes =
      (answer.trouble.empty() ? 0 : 1) + (answer.health ? 1 : 0) + (answer.code ? 1 : 0);
  fuzz::require(outcomes == 1, "an answer means one thing");
  fuzz::require(answer.code.value_or(1) != 0, "a failure has a code");
  fuzz::require_printable(answer.trouble, 600);
  fuzz::require_printable(answer.message, 600);
  if (answer.health) health_status_name(*answer.health);
  if (answer.code) grpc_code_name(*answer.code);
  return 0;
}
