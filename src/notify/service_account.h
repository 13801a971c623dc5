// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/rs256.h"
#include "tocsin/time.h"

namespace tocsin {

// A Google service account, as its JSON key file tells of it. A value type; nothing in it but the
// e-mail address may be shown.
struct ServiceAccount {
  std::string email;      // client_email: "tocsin@project.iam.gserviceaccount.com"
  std::string key_id;     // private_key_id
  std::string token_uri;  // where tokens are had; https, or http to this machine
  std::string id;         // differs for every other key file: what its tokens are kept under
  std::shared_ptr<const Rs256Key> key;
  std::vector<std::string> secrets;
};

// `problem` says what is wrong with the text as a key file, without quoting it; empty if nothing
// is, and then the account is complete. Never throws.
struct ParsedServiceAccount {
  ServiceAccount account;
  std::string problem;
};
ParsedServiceAccount parse_service_account(const std::string& json);

// The form that a token is asked for with: a signed assertion (RFC 7523), good for an hour.
// https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
// Throws std::runtime_error if it cannot be signed.
std::string token_request_form(const ServiceAccount& account, std::string_view scope, WallTime now);

// Base64 with - and _ and without padding (RFC 4648, section 5).
std::string base64url(std::string_view bytes);

}  // namespace tocsin
