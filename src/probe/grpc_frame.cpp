// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A message is a byte (compressed or not), its length in four bytes, and itself. The two messages
// of the health protocol have one field each, so that Protocol Buffers come down to a tag, a varint
// and how to pass over what later versions may add.
#include "probe/grpc_frame.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "util/text.h"

namespace tocsin {
namespace {

using namespace std::string_view_literals;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kFrameHead = 5;
constexpr std::size_t kLongestMessage = 300;
constexpr std::size_t kLongestType = 60;
constexpr std::int64_t kMostTimeout = 99'999'999;  // eight digits

constexpr std::array kCodes{"OK"sv,
                            "CANCELLED"sv,
                            "UNKNOWN"sv,
                            "INVALID_ARGUMENT"sv,
                            "DEADLINE_EXCEEDED"sv,
                            "NOT_FOUND"sv,
                            "ALREADY_EXISTS"sv,
                            "PERMISSION_DENIED"sv,
                            "RESOURCE_EXHAUSTED"sv,
                            "FAILED_PRECONDITION"sv,
                            "ABORTED"sv,
                            "OUT_OF_RANGE"sv,
                            "UNIMPLEMENTED"sv,
                            "INTERNAL"sv,
                            "UNAVAILABLE"sv,
                            "DATA_LOSS"sv,
                            "UNAUTHENTICATED"sv};
constexpr std::array kHealth{"UNKNOWN"sv, "SERVING"sv, "NOT_SERVING"sv, "SERVICE_UNKNOWN"sv};

// --- Protocol Buffers
// -----------------------------------------------------------------------------------

constexpr unsigned kFieldShift = 3;
constexpr std::uint64_t kWireBits = 7;
enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) out.push_back(static_cast<char>(value | 0x80U));
  out.push_back(static_cast<char>(value));
}

// Takes one off the front; nothing if it is cut or longer than 64 bits.
std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t out = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    if (shift == 63 && byte > 1) return std::nullopt;
    out |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return out;
  }
  return std::nullopt;
}

// Takes so many bytes off the front; false if there are not so many.
bool skip(std::string_view& bytes, std::uint64_t size) {
  if (size > bytes.size()) return false;
  bytes.remove_prefix(static_cast<std::size_t>(size));
  return true;
}

// HealthCheckResponse { ServingStatus status = 1; }; nothing if it is malformed. What is absent is
// zero; of several, the last counts; other fields are passed over.
std::optional<std::uint64_t> decode_response(std::string_view bytes) {
  std::uint64_t status = 0;
  while (!bytes.empty()) {
    const auto tag = take_varint(bytes);
    if (!tag || *tag >> kFieldShift == 0) return std::nullopt;
    const bool is_status = *tag >> kFieldShift == 1;
    std::optional<std::uint64_t> number;
    bool fine = false;
    switch (static_cast<Wire>(*tag & kWireBits)) {
      case Wire::varint:
        number = take_varint(bytes);
        fine = number.has_value();
        break;
      case Wire::fixed64: fine = !is_status && skip(bytes, 8); break;
      case Wire::fixed32: fine = !is_status && skip(bytes, 4); break;
      case Wire::bytes:
        number = take_varint(bytes);
        fine = !is_status && number && skip(bytes, *number);
        break;
    }
    if (!fine) return std::nullopt;
    if (is_status) status = *number;
  }
  return status;
}

// --- the answer
// -----------------------------------------------------------------------------------------

std::string_view find(const Headers& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& header) {
    return to_lower(header.first) == name;
  });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

// In the trailers, or in the headers where these are all there is.
std::string_view find_status(const GrpcInput& input, std::string_view name) {
  const std::string_view trailer = find(input.trailers, name);
  return trailer.empty() ? find(input.headers, name) : trailer;
}

bool is_grpc(std::string_view type) {
  const std::string lower = to_lower(type.substr(0, type.find(';')));
  constexpr std::string_view kGrpc = "application/grpc";
  return lower == kGrpc || lower.starts_with("application/grpc+");
}

GrpcAnswer trouble(std::string text) {
  GrpcAnswer out;
  out.trouble = std::move(text);
  return out;
}

// An answer without grpc-status: from a proxy, a web server, or a server that broke off.
GrpcAnswer not_grpc(const GrpcInput& input) {
  const std::string_view type = find(input.headers, "content-type");
  const std::string with = type.empty() ? "" : " with " + printable(type, kLongestType);
  if (input.status != 200 || !is_grpc(type)) {
    return trouble("the server answered HTTP " + std::to_string(input.status) + with +
                   ", not gRPC");
  }
  return trouble("the answer ends without a grpc-status");
}

// Percent-encoded UTF-8; as it is where a server forgot that.
std::string show_grpc_message(std::string_view sent) {
  std::string decoded;
  if (!percent_decode(sent, decoded)) decoded = sent;
  return printable(decoded, kLongestMessage);
}

GrpcAnswer read_body(const GrpcInput& input) {
  const std::string_view body = input.body;
  if (body.empty()) return trouble("the answer has no message");
  const auto byte = [body](std::size_t i) { return static_cast<std::uint8_t>(body[i]); };
  if (byte(0) == 1) return trouble("the answer is compressed, which was not offered");
  if (body.size() < kFrameHead || byte(0) != 0) return trouble("the answer's message is malformed");
  std::uint64_t size = 0;
  for (std::size_t i = 1; i < kFrameHead; ++i) size = size << 8U | byte(i);
  const std::string_view message = body.substr(kFrameHead);
  if (input.body_cut || size < message.size()) {
    return trouble("the answer is longer than a health check's");
  }
  if (size > message.size()) return trouble("the answer's message is cut");
  GrpcAnswer out;
  out.health = decode_response(message);
  return out.health ? out : trouble("the answer's message is malformed");
}

}  // namespace

std::string health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    append_varint(message, std::uint64_t{1} << kFieldShift | std::uint64_t{2});
    append_varint(message, service.size());
    message.append(service);
  }
  std::string out(1, '\0');  // not compressed
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(message.size() >> static_cast<unsigned>(shift) & 0xFFU));
  }
  return out + message;
}

std::string grpc_timeout(Millis left) {
  const auto milliseconds = std::max<std::int64_t>(left.count(), 1);
  if (milliseconds <= kMostTimeout) return std::to_string(milliseconds) + "m";
  return std::to_string(std::min(milliseconds / 1000, kMostTimeout)) + "S";
}

std::optional<std::string_view> grpc_code_name(int code) noexcept {
  if (code < 0 || static_cast<std::size_t>(code) >= kCodes.size()) return std::nullopt;
  return kCodes[static_cast<std::size_t>(code)];
}

std::optional<std::string_view> health_status_name(std::uint64_t status) noexcept {
  if (status >= kHealth.size()) return std::nullopt;
  return kHealth[static_cast<std::size_t>(status)];
}

GrpcAnswer read_health_answer(const GrpcInput& input) {
  const std::string_view status = find_status(input, "grpc-status");
  if (status.empty()) return not_grpc(input);
  int code = 0;
  const auto [end, error] = std::from_chars(status.data(), status.data() + status.size(), code);
  if (error != std::errc{} || end != status.data() + status.size() || code < 0) {
    return trouble("the answer's grpc-status is malformed");
  }
  if (code == 0) return read_body(input);
  GrpcAnswer out;
  out.code = code;
  out.message = show_grpc_message(find_status(input, "grpc-message"));
  return out;
}

}  // namespace tocsin
