// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/http_judge.h"

#include <utility>

#include "net/errno_text.h"
#include "probe/outcome.h"

namespace tocsin {

void want_for(const HttpExpect& expect, bool explain, HttpRequest& request) {
  request.want_certificate = expect.certificate_days >= 0 || explain;
  request.want_headers = expect.needs_headers() || explain;
  request.want_body = expect.needs_body() || explain;
}

namespace {

void hold_against(const HttpExpect& expect, const HttpAnswer& answer, Quoting quoting,
                  Result& result) {
  const HttpResponse& response = answer.response;
  if (!answer.refused.empty()) {
    return set_down(result, with_address(answer.refused, response.address));
  }
  if (response.error != NetError::none) {
    return set_failure(result, response.error, response.error_text);
  }
  std::string reason = unmet(expect, response, quoting);
  if (!reason.empty()) return set_down(result, std::move(reason));
  if (expect.certificate_days >= 0 && !response.certificate_days) {
    result.verdict = Verdict::degraded;
    result.reason = with_address("no certificate: the answer came over plain HTTP", result.address);
  }
  judge_certificate(result, expect.certificate_days);
  judge_response_time(result, expect.response_time);
}

}  // namespace

Result judge(const HttpExpect& expect, const HttpAnswer& answer, Quoting quoting) {
  Result result;
  if (!answer.no_token.empty()) {
    result.reason = answer.no_token;
    return result;
  }
  result.verdict = Verdict::up;
  result.took = answer.took;
  result.address = answer.response.address;
  result.certificate_days = answer.response.certificate_days;
  result.phases = answer.response.phases;
  hold_against(expect, answer, quoting, result);
  return result;
}

}  // namespace tocsin
