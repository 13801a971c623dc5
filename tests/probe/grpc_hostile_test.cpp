// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Servers that speak HTTP/2 and gRPC badly, byte by byte (RFC 9113, section 4.1; RFC 7541,
// section 6.2.2: headers as literals, so that no table is needed).
#include <algorithm>
#include <catch2/catch.hpp>

#include "probe/probe_fixture.h"
#include "support/raw_server.h"

namespace tocsin {
namespace {

using namespace std::string_literals;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr char kData = 0;
constexpr char kHeaders = 1;
constexpr char kReset = 3;
constexpr char kSettings = 4;
constexpr char kGoAway = 7;
constexpr char kEndStream = 1;
constexpr char kEndHeaders = 4;

std::string frame(char type, char flags, char stream, const std::string& payload) {
  std::string out;
  for (const int shift : {16, 8, 0}) out += static_cast<char>(payload.size() >> shift & 0xFFU);
  return out + type + flags + "\0\0\0"s + stream + payload;
}

std::string headers(char flags, const Headers& fields) {
  std::string block;
  for (const auto& [name, value] : fields) {
    block += '\0';
    block += static_cast<char>(name.size()) + name + static_cast<char>(value.size()) + value;
  }
  return frame(kHeaders, static_cast<char>(flags | kEndHeaders), 1, block);
}

const Headers kGood{{":status", "200"}, {"content-type", "application/grpc"}};
const std::string kServing = "\0\0\0\0\2\x08\1"s;

// Waits for the whole request, and then sends the bytes, and holds the connection or ends it.
RawServer::Script after_request(const std::string& bytes, bool hold = true) {
  return [bytes, hold](RawConnection& connection) {
    connection.read_head();  // the preface, up to "SM"
    connection.read_exactly(6);
    connection.send(frame(kSettings, 0, 0, ""));
    while (true) {
      const std::string head = connection.read_exactly(9);
      if (head.size() < 9) return;
      const auto at = [&](std::size_t i) { return static_cast<unsigned char>(head[i]); };
      connection.read_exactly(std::size_t{at(0)} << 16 | std::size_t{at(1)} << 8 | at(2));
      if (at(3) <= 1 && (at(4) & 1) != 0) break;  // the end of the stream
    }
    connection.send(bytes);
    if (hold) connection.hold();
  };
}

Result look(const RawServer& server, const char* timeout = "20s") {
  return probe("timeout: "s + timeout + ", grpc: \"" + server.address() + "\"");
}

void check_down(const std::string& bytes, const std::string& reason) {
  const RawServer server(after_request(bytes));
  const Result result = look(server);
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == reason + " (" + server.address() + ")");
}

}  // namespace

TEST_CASE("grpc: an answer written by hand is up, in one frame or many", "[probe]") {
  const std::string end = headers(kEndStream, {{"grpc-status", "0"}});
  for (const std::string& data :
       {frame(kData, 0, 1, kServing), frame(kData, 0, 1, kServing.substr(0, 3)) +
                                          frame(kData, 0, 1, "") +
                                          frame(kData, 0, 1, kServing.substr(3))}) {
    const RawServer server(after_request(headers(0, kGood) + data + end));
    const Result result = look(server);
    CHECK(result.reason.empty());
    CHECK(result.verdict == Verdict::up);
  }
}

TEST_CASE("grpc: an answer that is not whole is down, each by its reason", "[probe]") {
  const std::string good = headers(0, kGood) + frame(kData, 0, 1, kServing);
  const std::string fine = headers(kEndStream, {{"grpc-status", "0"}});
  check_down(headers(0, kGood) + frame(kData, kEndStream, 1, kServing),
             "the answer ends without a grpc-status");
  check_down(headers(0, kGood) + fine, "the answer has no message");
  check_down(good + frame(kData, 0, 1, kServing) + fine,
             "the answer is longer than a health check's");
  check_down(headers(0, kGood) + frame(kData, 0, 1, "\1\0\0\0\2\x08\1"s) + fine,
             "the answer is compressed, which was not offered");
  check_down(good + headers(kEndStream, {{"grpc-status", "14"}, {"grpc-message", "went%20away"}}),
             "the call failed: UNAVAILABLE: went away");
  check_down(headers(kEndStream, {{":status", "404"}, {"content-type", "text/plain"}}),
             "the server answered HTTP 404 with text/plain, not gRPC");
}

TEST_CASE("grpc: a stream or a connection that breaks off is down", "[probe]") {
  const auto down = [](const std::string& bytes, bool hold) {
    const RawServer server(after_request(bytes, hold));
    const Result result = look(server);
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason.find(server.address()) != std::string::npos);
    return result.reason;
  };
  const std::string hint = "does it speak HTTP/2";
  const std::string reset = frame(kReset, 0, 1, "\0\0\0\2"s);
  // Before it has answered there may be two reasons, after that only one.
  CHECK(down("", false).find(hint) != std::string::npos);
  CHECK_FALSE(down(headers(0, kGood) + reset, true).empty());
  CHECK(down(headers(0, kGood) + frame(kData, 0, 1, kServing), false).find(hint) ==
        std::string::npos);
  CHECK_FALSE(down(reset, true).empty());
  CHECK_FALSE(down(frame(kReset, 0, 1, "\0\0\0\7"s), true).empty());  // "refused": curl asks again
  CHECK_FALSE(down(frame(kGoAway, 0, 0, "\0\0\0\0\0\0\0\2"s), false).empty());
}

TEST_CASE("grpc: an answer without end is cut, and is down", "[probe]") {
  const RawServer server([](RawConnection& connection) {
    after_request(headers(0, kGood), false)(connection);
    const std::string piece = frame(kData, 0, 1, std::string(16'000, '\0'));
    while (connection.send(piece)) {
    }
  });
  const Result result = look(server);
  CHECK(result.verdict == Verdict::down);
  INFO(result.reason);
  CHECK(result.reason.find(server.address()) != std::string::npos);
}

}  // namespace tocsin
