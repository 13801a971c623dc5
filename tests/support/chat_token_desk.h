// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/http_stand_in.h"
#include "tocsin/time.h"

namespace tocsin {

// Google's token server, for one service account: takes the form of RFC 7523, verifies the JWT in
// it as https://developers.google.com/identity/protocols/oauth2/service-account describes, and
// gives tokens. It decides; it neither serves nor waits. Not thread-safe.
class ChatTokenDesk {
 public:
  static constexpr const char* kEmail = "tocsin@stand-in.iam.gserviceaccount.com";

  struct Rules {
    // How far its clock is ahead of this machine's.
    Millis clock_ahead{0};
    int expires_in = 3599;
  };

  ChatTokenDesk();

  // The account's key file in JSON; `uri` is where this desk is served.
  std::string key_file(const std::string& uri) const;
  // From now on, the key file has another key, and the old one is refused.
  void renew_key();
  void delete_account() { has_account_ = false; }
  void set_rules(Rules rules) { rules_ = rules; }

  HttpReply post(const HttpAsked& asked, const std::string& uri);
  // Whether the header "Bearer …" holds a token that was given, has not ended and was not taken
  // back.
  bool knows(std::string_view authorization) const;
  // Takes back all that were given.
  void take_back() { tokens_.clear(); }

  std::size_t given() const noexcept { return given_; }
  // What it refused, in its own words.
  const std::vector<std::string>& refused() const noexcept { return refused_; }

 private:
  struct Key;
  struct Refused {
    int status;
    std::string error;
    std::string description;
  };

  std::string check(const HttpAsked& asked, const std::string& uri) const;
  void check_claims(const std::string& jwt, const std::string& uri) const;
  HttpReply refuse(const Refused& refused);
  HttpReply reply(int status, const std::string& body) const;
  WallTime now() const;

  std::shared_ptr<const Key> key_;
  Rules rules_;
  bool has_account_ = true;
  std::map<std::string, SteadyTime> tokens_;  // until when
  std::size_t given_ = 0;
  std::vector<std::string> refused_;
};

}  // namespace tocsin
