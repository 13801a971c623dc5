// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <Poco/JSON/Object.h>

#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "notify/notify_fixture.h"
#include "notify/rigs.h"
#include "support/http_stand_in.h"

namespace tocsin {

// A service on 127.0.0.1 that judges each request by rules of its own, and keeps all that came.
// Thread-safe; the judge runs for one request at a time.
class ServiceStandIn {
 public:
  using Judge = std::function<HttpReply(const HttpAsked&)>;
  explicit ServiceStandIn(Judge judge);

  // The next `times` requests get this instead of a judgement.
  void script(const HttpReply& reply, int times = 1);
  // All that was asked, and what it was answered.
  std::vector<SinkExchange> asked() const;
  std::string base_url() const { return http_.base_url(); }
  HttpStandIn& http() { return http_; }

 private:
  HttpReply keep(const HttpAsked& asked);

  Judge judge_;
  mutable std::mutex mutex_;
  std::vector<SinkExchange> asked_;
  std::deque<HttpReply> script_;
  HttpStandIn http_;
};

// What a request's JSON body may hold, by the API's description. `kind`: 't'ext, 'n'umber, 'f'lag,
// 'o'bject, 'l'ist.
struct JsonField {
  std::string name;
  char kind = 't';
  bool required = false;
};
// Null if the body is no JSON object.
Poco::JSON::Object::Ptr json_in(const std::string& body);
// What is wrong with it by that description: "text is missing"; empty if nothing is.
std::string problem_with(const Poco::JSON::Object::Ptr& object,
                         std::initializer_list<JsonField> fields);
std::string json_field(const Poco::JSON::Object::Ptr& object, const std::string& name);

// A form's or a query's field, decoded; empty if it is not there.
std::string form_field(const std::string& form, const std::string& name);
std::vector<std::string> form_names(const std::string& form);
std::string path_of(const HttpAsked& asked);
std::string query_of(const HttpAsked& asked);

// DOWN, REMINDER and UP of web-01 and of web-02, in turns: six outcomes.
std::vector<Outcome> tell_two_checks(SendDesk& desk, const Notifier& notifier);
// A message of web-NUMBER, in its thread and incident.
Notification about_check(Kind kind, int number);

// The notifier of these settings; the test fails if there is an error in them.
std::shared_ptr<const Notifier> notifier_of(std::string_view type, const std::string& settings);
// The problems of these settings, without their places: "error: …\n".
std::string problems_of(std::string_view type, const std::string& settings);

}  // namespace tocsin
