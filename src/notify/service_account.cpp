// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/service_account.h"

#include <Poco/Base64Encoder.h>
#include <Poco/JSON/Object.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <utility>

#include "notify/http_sink.h"
#include "notify/sink_json.h"
#include "notify/sink_text.h"
#include "util/text.h"

// The key file is what the Google Cloud console gives once, when a key is made. Only four of its
// fields matter here; `type` tells it from the file of an OAuth client, which people download by
// mistake.

namespace tocsin {
namespace {

using Poco::JSON::Object;

constexpr std::size_t kLongestFile = 64 * 1024;
constexpr std::string_view kWholeFile =
    "; give the whole JSON key file, as the Google Cloud console made it for the service account";
// What a token lives at the longest, and what is allowed for a clock ahead of Google's.
constexpr std::chrono::seconds kLife{3600};
constexpr std::chrono::seconds kAhead{60};

bool is_plain(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// The assertion that goes there is worth a token to whoever sees it.
bool is_safe_uri(const std::string& uri) {
  if (!is_plain(uri) || uri.find_first_of("#@") != std::string::npos) return false;
  if (uri.starts_with("https://")) return !host_in(uri).empty();
  return uri.starts_with("http://") && is_this_machine(host_in(uri));
}

std::string problem_of(const Object::Ptr& file, const ServiceAccount& account) {
  const std::string whole(kWholeFile);
  if (!file) return "is no JSON object" + whole;
  const std::string type = text_of(file, "type");
  if (type != "service_account") {
    const bool client = object_of(file, "installed") || object_of(file, "web");
    return (client ? "is the file of an OAuth client, not of a service account"
                   : "has no type \"service_account\"") +
           whole;
  }
  for (const std::string name : {"client_email", "private_key", "token_uri"}) {
    if (text_of(file, name).empty()) return "has no " + name + whole;
  }
  if (!is_plain(account.email) || account.email.find('@') == std::string::npos) {
    return "has a client_email that is no address" + whole;
  }
  if (!is_plain(account.key_id)) return "has a private_key_id that is none" + whole;
  if (!is_safe_uri(account.token_uri)) return "has a token_uri that is no https URL";
  if (!account.key) {
    return "has a private_key that is no RSA key in PEM (2048 bits or more, not encrypted)" + whole;
  }
  return {};
}

std::int64_t seconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string header_of(const ServiceAccount& account) {
  Object header;
  header.set("alg", "RS256");
  header.set("typ", "JWT");
  if (!account.key_id.empty()) header.set("kid", account.key_id);
  return json_text(header);
}

std::string claims_of(const ServiceAccount& account, std::string_view scope, WallTime now) {
  const std::int64_t issued = seconds_of(now - kAhead);
  Object claims;
  claims.set("iss", account.email);
  claims.set("scope", std::string(scope));
  claims.set("aud", account.token_uri);
  claims.set("iat", issued);
  claims.set("exp", issued + kLife.count());
  return json_text(claims);
}

}  // namespace

std::string base64url(std::string_view bytes) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out, Poco::BASE64_URL_ENCODING | Poco::BASE64_NO_PADDING);
  encoder.rdbuf()->setLineLength(0);
  encoder.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  encoder.close();
  return out.str();
}

ParsedServiceAccount parse_service_account(const std::string& json) {
  ParsedServiceAccount parsed;
  if (json.size() > kLongestFile) {
    parsed.problem = "is longer than 64 KiB" + std::string(kWholeFile);
    return parsed;
  }
  const Object::Ptr file = parse_object(json);
  ServiceAccount& account = parsed.account;
  account.email = text_of(file, "client_email");
  account.key_id = text_of(file, "private_key_id");
  account.token_uri = text_of(file, "token_uri");
  const std::string pem = text_of(file, "private_key");
  account.key = Rs256Key::parse(pem);
  account.id = sha256_hex(json);
  parsed.problem = problem_of(file, account);
  // Its lines, since a service that quotes it would break it up.
  for (std::istringstream lines(pem); lines;) {
    std::string line;
    std::getline(lines, line);
    if (line.size() >= 16 && !line.starts_with("-----")) account.secrets.push_back(line);
  }
  if (!account.key_id.empty()) account.secrets.push_back(account.key_id);
  return parsed;
}

std::string token_request_form(const ServiceAccount& account, std::string_view scope,
                               WallTime now) {
  const std::string signed_part =
      base64url(header_of(account)) + "." + base64url(claims_of(account, scope, now));
  const std::string assertion = signed_part + "." + base64url(account.key->sign(signed_part));
  return "grant_type=" + percent_encode("urn:ietf:params:oauth:grant-type:jwt-bearer") +
         "&assertion=" + assertion;
}

}  // namespace tocsin
