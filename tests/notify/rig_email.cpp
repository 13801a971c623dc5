// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <map>
#include <memory>
#include <mutex>

#include "notify/rigs.h"
#include "notify/smtp_stand_in.h"

namespace tocsin {
namespace {

const char* const kPassword = "mail_secret_pass_1";

// A mail server for each directory, for as long as the test runs.
SmtpStandIn& server_for(const std::string& directory) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<SmtpStandIn>> servers;
  const std::lock_guard lock(mutex);
  std::unique_ptr<SmtpStandIn>& server = servers[directory];
  if (!server) {
    SmtpStandIn::Rules rules;
    rules.user = "tocsin";
    rules.password = kPassword;
    server = std::make_unique<SmtpStandIn>(rules);
  }
  return *server;
}

std::string email_settings(const std::string& directory) {
  return "{host: 127.0.0.1, port: " + std::to_string(server_for(directory).port()) +
         ", tls: none, user: tocsin, password: " + kPassword +
         ", from: tocsin@example.net, to: ops@example.net, timeout: 20s}";
}

// All of a thread answer one message; a mail reader goes by that.
std::vector<SinkTold> email_told_in(const std::string& directory) {
  std::vector<SinkTold> out;
  for (const StoredMail& mail : server_for(directory).mails()) {
    out.push_back({mail.header("References"), mail.part("text/plain")});
  }
  return out;
}

bool email_can_ping(const std::string& text) {
  return text.find('\x1b') != std::string::npos;
}

}  // namespace

Rig email_rig() {
  Rig rig{"email", email_settings, {kPassword}, 70'000};
  rig.can_ping = email_can_ping;
  rig.told_in = email_told_in;
  return rig;
}

}  // namespace tocsin
