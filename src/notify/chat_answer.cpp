// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/chat_answer.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>

#include "net/http_client.h"
#include "notify/retry_after.h"
#include "notify/sink_json.h"
#include "notify/webhook_url.h"
#include "util/text.h"

// The status code decides, helped by the envelope's `status` and `details[].reason`; the wording of
// a message never does. An answer with a 2xx is a delivery whatever its body holds: a name that
// cannot be read is a name less, not a second page.
//
// The envelope is {"error": {code, message, status, details}}, or, as one of Google's pages prints
// it, the inner object alone. What comes may as well be a proxy's HTML, or hostile: nesting and
// sizes are bounded, names are taken only in the form that Google gives them.

namespace tocsin {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::size_t kLongestMessage = 200;
constexpr std::size_t kLongestName = 512;
constexpr std::size_t kMostDetails = 20;

struct Envelope {
  std::string status;   // "RESOURCE_EXHAUSTED"
  std::string message;  // as the service wrote it
  std::string reason;   // of google.rpc.ErrorInfo: "API_KEY_INVALID"
  std::optional<Millis> retry_delay;
};

// A status or reason is a word in capitals; anything else is not shown.
std::string capitals(std::string word) {
  const bool fine = std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return fine && word.size() <= 64 ? word : std::string{};
}

void read_details(const Object::Ptr& error, Envelope& into) {
  const Array::Ptr details = error->getArray("details");
  if (!details) return;
  for (std::size_t i = 0; i < std::min(details->size(), kMostDetails); ++i) {
    const Object::Ptr detail = details->getObject(static_cast<unsigned>(i));
    const std::string type = text_of(detail, "@type");
    if (type.ends_with("/google.rpc.ErrorInfo")) into.reason = capitals(text_of(detail, "reason"));
    if (type.ends_with("/google.rpc.RetryInfo")) {
      into.retry_delay = parse_retry_delay(text_of(detail, "retryDelay"));
    }
  }
}

Envelope read_envelope(const std::string& body) {
  Envelope envelope;
  const Object::Ptr outer = parse_object(body);
  const Object::Ptr inner = object_of(outer, "error");
  const Object::Ptr error = inner ? inner : outer;
  if (!error) return envelope;
  envelope.status = capitals(text_of(error, "status"));
  envelope.message = text_of(error, "message");
  read_details(error, envelope);
  return envelope;
}

std::string explain(int status, const Envelope& envelope, const std::vector<std::string>& secrets) {
  std::string reason = std::to_string(status);
  if (!envelope.status.empty()) reason += " " + envelope.status;
  if (!envelope.reason.empty()) reason += " " + envelope.reason;
  std::string message = printable(envelope.message, kLongestMessage);
  if (gives_away(envelope.message, secrets)) {
    message = "(the service's words hold the webhook's secret and are left out)";
  }
  if (!message.empty()) reason += ": " + message;
  if (status == 401 || status == 403 || status == 404) {
    reason += " (do the webhook and its space still exist?)";
  }
  // The status and the reason are the service's words too.
  return gives_away(reason, secrets) ? std::to_string(status) : reason;
}

bool is_quota(const Envelope& envelope) noexcept {
  return envelope.status == "RESOURCE_EXHAUSTED" || envelope.reason == "RATE_LIMIT_EXCEEDED";
}

Outcome::What verdict_of(int status, const Envelope& envelope) noexcept {
  using What = Outcome::What;
  if (status == 409 && envelope.status == "ALREADY_EXISTS") return What::sent;
  if (status == 409 && envelope.status == "ABORTED") return What::later;
  if (status == 408 || status == 425 || status == 429 || status >= 500) return What::later;
  if (is_quota(envelope)) return What::later;
  return What::rejected;
}

// "spaces/AAA/messages/BBB": what the service would take as a name again.
std::string resource_name(std::string name, std::string_view collection) {
  const bool fine = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./=").find(c) != std::string_view::npos;
  });
  if (!fine || name.size() > kLongestName || !name.starts_with("spaces/")) return {};
  return name.find(collection) != std::string::npos ? name : std::string{};
}

Outcome accepted(const HttpResponse& response) {
  Outcome outcome;
  outcome.what = Outcome::What::sent;
  const Object::Ptr message = parse_object(response.body);
  outcome.message_ref = resource_name(text_of(message, "name"), "/messages/");
  outcome.thread_ref = resource_name(text_of(object_of(message, "thread"), "name"), "/threads/");
  return outcome;
}

Outcome unanswered(const HttpResponse& response) {
  Outcome outcome;
  outcome.reason = printable(response.error_text, kLongestMessage);
  if (response.error == NetError::bad_url) {
    outcome.what = Outcome::What::rejected;
    outcome.reason = "the webhook's URL cannot be used";
  }
  if (outcome.reason.empty()) outcome.reason = "no answer";
  outcome.in_doubt = response.sent;
  return outcome;
}

}  // namespace

Outcome read_chat_answer(const HttpResponse& response, const std::vector<std::string>& secrets,
                         WallTime now) {
  const int status = response.status;
  if (status >= 200 && status < 300) return accepted(response);
  // 1xx: it was going to answer.
  if (status < 200) return unanswered(response);
  Outcome outcome;
  if (status >= 300 && status < 400) {
    outcome.what = Outcome::What::rejected;
    outcome.reason = std::to_string(status) + ": redirected elsewhere, which is not followed";
    return outcome;
  }
  const Envelope envelope = read_envelope(response.body);
  outcome.what = verdict_of(status, envelope);
  if (outcome.what == Outcome::What::sent) return outcome;
  outcome.reason = explain(status, envelope, secrets);
  if (outcome.what == Outcome::What::later) {
    outcome.retry_after = parse_retry_after(header(response, "Retry-After"), now);
    if (!outcome.retry_after) outcome.retry_after = envelope.retry_delay;
  }
  return outcome;
}

}  // namespace tocsin
