// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <algorithm>

#include "notify/rigs.h"
#include "util/text.h"

namespace tocsin {
namespace {

const std::string kToken = "azGDORePK8gMaC0QOYAMyEEsecret1";
const std::string kUser = "uQiRzpo4DXghDmr9QzzfQu27secret";

std::string field(const HttpAsked& asked, const std::string& name) {
  const std::string form = "&" + asked.body;
  const std::size_t at = form.find("&" + name + "=");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 2;
  std::string out;
  percent_decode(form.substr(begin, form.find('&', begin) - begin), out);
  return out;
}

std::string settings(const std::string& base_url) {
  return "{token: " + kToken + ", user: " + kUser + ", api_url: \"" + base_url + "\", timeout: 1s}";
}

std::string text_of(const HttpAsked& asked) {
  return field(asked, "title") + "\n" + field(asked, "message");
}

// Plain text: what is left are controls.
bool can_ping(const std::string& text) {
  return text.find_first_of("\x1b\x07\x7f\r") != std::string::npos;
}

bool is_message(const HttpAsked& asked) {
  return asked.target == "/1/messages.json";
}

HttpReply taken(const HttpAsked& asked, int) {
  const bool rings = field(asked, "priority") == "2";
  return {.body = std::string(R"({"status": 1, "request": "647d2300-702c-4b38")") +
                  (rings ? R"(, "receipt": "rLqVuqTRh62UzxtmqiaLzQmVcPgiCy")" : "") + "}"};
}

}  // namespace

// No threads there.
Rig pushover_rig() {
  Rig rig{"pushover", settings, {kToken, kUser}, 2 * (1024 + 251)};
  rig.text_of = text_of;
  rig.can_ping = can_ping;
  rig.is_message = is_message;
  rig.taken = taken;
  return rig;
}

}  // namespace tocsin
