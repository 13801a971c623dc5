// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// grpc: asks a server by gRPC's own health protocol (grpc.health.v1.Health/Check) how it is, or how
// one of its services is. gRPC is HTTP/2 with frames, and the health protocol two small messages:
// libcurl and grpc_frame.cpp do without a gRPC library, which would cost the daemon ten times what
// the rest of it does.
#include <algorithm>
#include <utility>

#include "net/errno_text.h"
#include "probe/grpc_frame.h"
#include "probe/grpc_settings.h"
#include "probe/outcome.h"
#include "probe/prober.h"
#include "probe/types.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestNote = 200;
constexpr int kNotFound = 5;
constexpr int kUnimplemented = 12;

class GrpcProber final : public Prober {
 public:
  explicit GrpcProber(GrpcSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  HttpRequest request_for(const ProbeContext& context) const;
  void judge(Result& result, const GrpcAnswer& answer) const;
  std::string complaint(const GrpcAnswer& answer) const;
  std::string failed_call(const GrpcAnswer& answer) const;
  std::string who() const;
  void note_request(Result& result, const HttpRequest& request) const;
  void note_answer(Result& result, const HttpResponse& response, const GrpcAnswer& answer) const;

  const GrpcSettings settings_;
};

// "SERVING", "NOT_FOUND"; a number where gRPC has no name for it.
std::string show(const GrpcAnswer& answer) {
  const auto name =
      answer.health ? health_status_name(*answer.health) : grpc_code_name(*answer.code);
  if (name) return std::string(*name);
  return answer.health ? "status " + std::to_string(*answer.health)
                       : "grpc-status " + std::to_string(*answer.code);
}

// HTTP/1 shows as an error of the transport; that it matters is only known here. A server that
// closes before it has said anything may have choked on HTTP/2, or just have died.
std::string transport_failure(const HttpResponse& response) {
  if (response.error != NetError::protocol) return response.error_text;
  if (response.version == "1.1" || response.version == "1.0") {
    return with_address("the server answers in HTTP/" + response.version + ", gRPC needs HTTP/2",
                        response.address);
  }
  const bool silent = response.status == 0;
  return response.error_text + (silent ? ": does it speak HTTP/2, which gRPC needs?" : "");
}

HttpRequest GrpcProber::request_for(const ProbeContext& context) const {
  HttpRequest request = settings_.request;
  request.deadline = context.deadline;
  request.want_certificate = settings_.tls && (settings_.certificate_days >= 0 || context.explain);
  const auto left = context.deadline - std::chrono::steady_clock::now();
  request.headers.emplace_back("grpc-timeout", grpc_timeout(std::chrono::floor<Millis>(left)));
  return request;
}

asio::awaitable<Result> GrpcProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  Result result;
  result.verdict = Verdict::up;
  const HttpRequest request = request_for(context);
  if (context.explain) note_request(result, request);
  const HttpResponse response = co_await context.http.perform(request);
  result.took = micros_between(begun, context.clock.steady());
  result.phases = response.phases;
  result.address = response.address;
  result.certificate_days = response.certificate_days;
  if (response.error != NetError::none) {
    set_failure(result, response.error, transport_failure(response));
    if (context.explain) result.notes.push_back("failed: " + result.reason);
    co_return result;
  }
  const GrpcInput input{response.status, response.headers, response.trailers, response.body,
                        response.body_cut};
  const GrpcAnswer answer = read_health_answer(input);
  if (context.explain) note_answer(result, response, answer);
  judge(result, answer);
  co_return result;
}

void GrpcProber::judge(Result& result, const GrpcAnswer& answer) const {
  std::string reason = complaint(answer);
  if (!reason.empty()) set_down(result, with_address(std::move(reason), result.address));
  judge_certificate(result, settings_.certificate_days);
  judge_response_time(result, settings_.response_time);
}

// "the server", "the service shop.Orders"
std::string GrpcProber::who() const {
  return settings_.service.empty() ? "the server"
                                   : "the service " + printable(settings_.service, 100);
}

// Why an answer is not the expected one; empty if it is.
std::string GrpcProber::complaint(const GrpcAnswer& answer) const {
  if (!answer.trouble.empty()) return answer.trouble;
  const auto& expected = settings_.statuses;
  const bool unnamed = answer.code == 2;  // UNKNOWN is the status of that name
  if (!unnamed && std::find(expected.begin(), expected.end(), show(answer)) != expected.end()) {
    return {};
  }
  std::string out = answer.health ? who() + " is " + show(answer) : failed_call(answer);
  if (expected.size() == 1 && expected.front() == "SERVING") return out;
  out += ", expected ";
  for (std::size_t i = 0; i < expected.size(); ++i) out += (i == 0 ? "" : " or ") + expected[i];
  return out;
}

std::string GrpcProber::failed_call(const GrpcAnswer& answer) const {
  std::string out = "the call failed: " + show(answer);
  if (answer.code == kUnimplemented) {
    out = "the server does not speak the health protocol (UNIMPLEMENTED)";
  } else if (answer.code == kNotFound) {
    out = "the server does not know " + who() + " (NOT_FOUND)";
    if (settings_.service.empty())
      out = "the server has no status of its own (NOT_FOUND); 'service'?";
  }
  if (!answer.message.empty() && settings_.quotable) out += ": " + answer.message;
  return out;
}

void GrpcProber::note_request(Result& result, const HttpRequest& request) const {
  const auto add = [&result](std::string text) { result.notes.push_back(std::move(text)); };
  add("request: POST " + std::string(kHealthCheckPath) + " to " + settings_.address +
      (settings_.tls ? " by TLS" : ""));
  add("service: " + (settings_.service.empty() ? "the server as a whole"
                                               : printable(settings_.service, kLongestNote)));
  for (const auto& [name, value] : settings_.shown_metadata) {
    add("sent " + name + ": " + printable(value, kLongestNote));
  }
  add("sent grpc-timeout: " + request.headers.back().second);
}

void GrpcProber::note_answer(Result& result, const HttpResponse& response,
                             const GrpcAnswer& answer) const {
  const auto add = [&result](std::string text) { result.notes.push_back(std::move(text)); };
  add("answer: HTTP/" + response.version + " " + std::to_string(response.status) + " from " +
      response.address);
  if (!response.tls_version.empty()) add("tls: " + response.tls_version);
  if (response.certificate_days) {
    add("certificate: ends in " + std::to_string(*response.certificate_days) + " days");
  }
  if (!answer.trouble.empty()) {
    add("not understood: " + answer.trouble);
    if (settings_.quotable) add("body: " + quote(response.body));
    return;
  }
  add((answer.health ? "health: " : "grpc-status: ") + show(answer));
  if (!answer.message.empty() && settings_.quotable) add("grpc-message: " + answer.message);
}

ParsedCheck parse(Settings& settings, Millis timeout) {
  GrpcSettings grpc = parse_grpc(settings, timeout);
  std::string target = grpc.address;
  if (!grpc.service.empty()) target += " " + printable(grpc.service, kLongestNote);
  return {std::make_shared<GrpcProber>(std::move(grpc)), std::move(target)};
}

}  // namespace

const CheckType kGrpcCheck{
    .name = "grpc",
    .short_key = "address",
    .summary = "asks a gRPC server, or a service of it, by gRPC's health protocol",
    .parse = parse,
};

}  // namespace tocsin
