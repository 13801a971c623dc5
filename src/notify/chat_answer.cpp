// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/chat_answer.h"

#include <Poco/JSON/Object.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "notify/retry_after.h"
#include "notify/sink_json.h"

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

// "INVALID_ARGUMENT API_KEY_INVALID: API key not valid."
std::string told_by(const Envelope& envelope) {
  std::string out = envelope.status;
  if (!envelope.reason.empty()) out += (out.empty() ? "" : " ") + envelope.reason;
  if (!envelope.message.empty()) out += (out.empty() ? "" : ": ") + envelope.message;
  return out;
}

std::string hint_for_app(int status, const Envelope& envelope, ChatDeed deed) {
  if (envelope.reason == "SERVICE_DISABLED") {
    return "turn on the Google Chat API for the account's project in the Google Cloud console";
  }
  if (status == 401) return "was the service account, or its key, deleted or disabled?";
  if (status == 403) {
    return "is the app still a member of the space, and allowed by the organization? add it again "
           "by mentioning it in the space";
  }
  if (status != 404) return {};
  if (deed == ChatDeed::update) return "was the message deleted?";
  if (deed == ChatDeed::create) {
    return "does the space still exist, with the app as a member? `tocsin chat spaces` lists what "
           "the app can see";
  }
  return "is the app set up under Google Chat API > Configuration in the Google Cloud console?";
}

std::string hint_for(int status, const Envelope& envelope, ChatDeed deed) {
  if (deed != ChatDeed::webhook) return hint_for_app(status, envelope, deed);
  const bool gone = status == 401 || status == 403 || status == 404;
  return gone ? "do the webhook and its space still exist?" : "";
}

bool is_quota(const Envelope& envelope) noexcept {
  return envelope.status == "RESOURCE_EXHAUSTED" || envelope.reason == "RATE_LIMIT_EXCEEDED";
}

// Where the service's own words say better than the status code.
std::optional<Outcome::What> decided_by(int status, const Envelope& envelope) noexcept {
  using What = Outcome::What;
  if (status == 409 && envelope.status == "ALREADY_EXISTS") return What::sent;
  if (status == 409 && envelope.status == "ABORTED") return What::later;
  if (status >= 400 && is_quota(envelope)) return What::later;
  return std::nullopt;
}

bool is_name_part(std::string_view part) noexcept {
  return !part.empty() && part != "." && part != ".." &&
         std::all_of(part.begin(), part.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  std::string_view("-_.=").find(c) != std::string_view::npos;
         });
}

std::string checked_name(std::string name, std::string_view collection) {
  return space_of_name(name, collection).empty() ? std::string() : std::move(name);
}

}  // namespace

std::string_view space_of_name(std::string_view name, std::string_view collection) noexcept {
  constexpr std::string_view kBegin = "spaces/";
  if (name.size() > kLongestName || !name.starts_with(kBegin)) return {};
  const std::size_t end = name.find('/', kBegin.size());
  if (end == std::string_view::npos || !is_name_part(name.substr(7, end - 7))) return {};
  std::string_view rest = name.substr(end + 1);
  if (!rest.starts_with(collection)) return {};
  rest.remove_prefix(collection.size());
  if (!rest.starts_with('/') || !is_name_part(rest.substr(1))) return {};
  return name.substr(0, end);
}

Outcome read_chat_answer(const HttpSink& sink, const HttpResponse& response, ChatDeed deed,
                         WallTime now) {
  ServiceWords words;
  if (response.status >= 400) {
    const Envelope envelope = read_envelope(response.body);
    words.what = told_by(envelope);
    words.hint = hint_for(response.status, envelope, deed);
    words.decided = decided_by(response.status, envelope);
    words.retry_after = envelope.retry_delay;
  }
  Outcome outcome = outcome_of(sink, response, words, now);
  if (response.status >= 200 && response.status < 300) {
    const Object::Ptr message = parse_object(response.body);
    outcome.message_ref = checked_name(text_of(message, "name"), "messages");
    outcome.thread_ref = checked_name(text_of(object_of(message, "thread"), "name"), "threads");
  }
  return outcome;
}

}  // namespace tocsin
