// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/grpc_frame.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

namespace tocsin {
namespace {

using namespace std::string_literals;

// An answer with HTTP's and gRPC's status in order.
GrpcInput answer(std::string body) {
  GrpcInput out;
  out.status = 200;
  out.headers = {{"content-type", "application/grpc"}};
  out.trailers = {{"grpc-status", "0"}};
  out.body = std::move(body);
  return out;
}

std::string framed(const std::string& message) {
  return "\0\0\0\0"s + static_cast<char>(message.size()) + message;
}

GrpcAnswer read(const std::string& message) {
  return read_health_answer(answer(framed(message)));
}

GrpcAnswer failed(const std::string& code, const std::string& message) {
  GrpcInput input;
  input.status = 200;
  input.headers = {
      {"Content-Type", "application/grpc+proto"}, {"Grpc-Status", code}, {"grpc-message", message}};
  return read_health_answer(input);
}

}  // namespace

TEST_CASE("grpc frame: a request is its frame and one field", "[probe]") {
  CHECK(health_request("") == "\0\0\0\0\0"s);
  CHECK(health_request("a.B") == "\0\0\0\0\5\x0A\3a.B"s);
  const std::string longest(300, 'x');
  CHECK(health_request(longest) == "\0\0\0\1\x2F\x0A\xAC\2"s + longest);
}

TEST_CASE("grpc frame: a time that is left has at most eight digits", "[probe]") {
  CHECK(grpc_timeout(Millis{-5}) == "1m");
  CHECK(grpc_timeout(Millis{9'950}) == "9950m");
  CHECK(grpc_timeout(Millis{99'999'999}) == "99999999m");
  CHECK(grpc_timeout(Millis{100'000'000}) == "100000S");
  CHECK(grpc_timeout(Millis::max()) == "99999999S");
}

TEST_CASE("grpc frame: an answer's status is read, whatever is beside it", "[probe]") {
  CHECK(read("").health == 0U);  // the default is not sent
  CHECK(read("\x08\x01").health == 1U);
  CHECK(read("\x08\x02").health == 2U);
  CHECK(read("\x08\x01\x08\x02").health == 2U);  // the last one counts
  CHECK(read("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01").health == ~std::uint64_t{0});
  // Unknown fields of each kind around it.
  CHECK(read("\x12\2hi\x08\x01\x1D\1\2\3\4\x21\1\2\3\4\5\6\7\x08\x28\x96\1"s).health == 1U);
}

TEST_CASE("grpc frame: a malformed message is refused", "[probe]") {
  for (const std::string& message :
       {"\x08"s, "\x08\x80"s, "\x0A\1x"s, "\x09\1\2\3\4\5\6\7\x08"s, "\x00\x01"s, "\x12\x05hi"s,
        "\x13\x14"s, "\x1D\1\2"s, "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"s,
        "\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"s, "\x16\x01"s}) {
    const GrpcAnswer got = read(message);
    CHECK(got.trouble == "the answer's message is malformed");
    CHECK_FALSE(got.health);
  }
}

TEST_CASE("grpc frame: a frame that is none is refused, each by its reason", "[probe]") {
  const auto trouble = [](const std::string& body) {
    return read_health_answer(answer(body)).trouble;
  };
  CHECK(trouble("") == "the answer has no message");
  CHECK(trouble("\1\0\0\0\2\x08\1"s) == "the answer is compressed, which was not offered");
  CHECK(trouble("\2\0\0\0\2\x08\1"s) == "the answer's message is malformed");
  CHECK(trouble("\0\0\0\0"s) == "the answer's message is malformed");
  CHECK(trouble("\0\0\0\0\3\x08\1"s) == "the answer's message is cut");
  CHECK(trouble("\0\xFF\xFF\xFF\xFF\x08\1"s) == "the answer's message is cut");
  CHECK(trouble("\0\0\0\0\1\x08\1"s) == "the answer is longer than a health check's");
  CHECK(trouble("\0\0\0\0\2\x08\1\0\0\0\0\2\x08\1"s) ==
        "the answer is longer than a health check's");  // two messages
  GrpcInput cut = answer(framed("\x08\x01"));
  cut.body_cut = true;
  CHECK(read_health_answer(cut).trouble == "the answer is longer than a health check's");
}

TEST_CASE("grpc frame: a call that failed says so in trailers or in headers", "[probe]") {
  const GrpcAnswer plain = failed("5", "unknown service");
  CHECK(plain.code == 5);
  CHECK(plain.message == "unknown service");
  CHECK(failed("16", "gr%C3%BC%C3%9Fe%20100%25").message == "grüße 100%");
  CHECK(failed("16", "100% sure").message == "100% sure");  // not encoded, as it should have been
  CHECK(failed("2", "a%00b%1B%0Ac").message == "a b c");
  CHECK(failed("2", std::string(5000, 'x')).message.size() <= 303);
  CHECK(failed("99", "").code == 99);
  GrpcInput late = answer(framed("\x08\x01"));
  late.trailers = {{"grpc-status", "13"}};
  CHECK(read_health_answer(late).code == 13);
  CHECK_FALSE(read_health_answer(late).health);
  for (const char* wrong : {"x", "-1", "5 ", "1e3", "99999999999"}) {
    CHECK(failed(wrong, "").trouble == "the answer's grpc-status is malformed");
  }
}

TEST_CASE("grpc frame: an answer without grpc-status is none of gRPC's", "[probe]") {
  GrpcInput input;
  input.status = 502;
  input.headers = {{"Content-Type", "text/html"}};
  CHECK(read_health_answer(input).trouble ==
        "the server answered HTTP 502 with text/html, not gRPC");
  input.status = 200;
  input.headers = {{"content-type", "application/grpc-web"}};
  CHECK(read_health_answer(input).trouble ==
        "the server answered HTTP 200 with application/grpc-web, not gRPC");
  input.headers.clear();
  CHECK(read_health_answer(input).trouble == "the server answered HTTP 200, not gRPC");
  input.headers = {{"content-type", "application/grpc; charset=utf-8"}};
  CHECK(read_health_answer(input).trouble == "the answer ends without a grpc-status");
}

TEST_CASE("grpc frame: names are gRPC's", "[probe]") {
  CHECK(grpc_code_name(0) == "OK");
  CHECK(grpc_code_name(12) == "UNIMPLEMENTED");
  CHECK(grpc_code_name(16) == "UNAUTHENTICATED");
  CHECK_FALSE(grpc_code_name(17));
  CHECK_FALSE(grpc_code_name(-1));
  CHECK(health_status_name(2) == "NOT_SERVING");
  CHECK_FALSE(health_status_name(4));
}

TEST_CASE("grpc frame: no bytes do harm", "[probe]") {
  rc::prop("random bodies are read or refused", [] {
    const GrpcAnswer got = read_health_answer(answer(*rc::gen::arbitrary<std::string>()));
    RC_ASSERT(got.trouble.empty() == got.health.has_value());
  });
  rc::prop("random messages in a frame too, and a status that is written is read", [] {
    const auto status = *rc::gen::inRange(0, 128);
    const auto rest = *rc::gen::container<std::string>(*rc::gen::inRange<std::size_t>(0, 100),
                                                       rc::gen::arbitrary<char>());
    const GrpcAnswer got = read(rest + "\x08" + static_cast<char>(status));
    RC_ASSERT(got.trouble.empty() == got.health.has_value());
    const GrpcAnswer alone = read("\x08"s + static_cast<char>(status));
    RC_ASSERT(alone.health == static_cast<std::uint64_t>(status));
  });
}

}  // namespace tocsin
