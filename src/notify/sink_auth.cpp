// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/sink_auth.h"

#include <Poco/Base64Encoder.h>

#include <algorithm>
#include <sstream>

namespace tocsin {
namespace {

std::string base64(const std::string& text) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out);
  encoder.rdbuf()->setLineLength(0);
  encoder << text;
  encoder.close();
  return out.str();
}

bool has_control(const std::string& text) noexcept {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; });
}

}  // namespace

std::string parse_authorization(Settings& settings, HttpSink& sink) {
  const bool has_token = settings.has("token");
  const std::string token =
      has_token ? required_secret(settings, "token", sink) : settings.secret("token").reveal();
  const std::string user = settings.text("user");
  const std::string password = settings.secret("password").reveal();
  const bool basic = !user.empty() || settings.has("password");
  if (has_token && basic) {
    settings.error("token", "token, or user and password, but not both");
    return {};
  }
  if (!basic) return token.empty() ? std::string() : "Bearer " + token;
  if (user.empty() || password.empty()) {
    settings.error(user.empty() ? "user" : "password", "user and password go together");
    return {};
  }
  if (user.find(':') != std::string::npos || has_control(user) || has_control(password)) {
    settings.error("user", "user holds a colon, or one of both a control character");
    return {};
  }
  if (is_unresolved(password)) return "Basic unresolved";
  const std::string pair = base64(user + ":" + password);
  sink.secrets.push_back(password);
  sink.secrets.push_back(pair);
  return "Basic " + pair;
}

}  // namespace tocsin
