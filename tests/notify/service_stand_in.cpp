// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/service_stand_in.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "util/text.h"

namespace tocsin {
namespace {

bool is_kind(const Poco::Dynamic::Var& value, char kind) {
  switch (kind) {
    case 't': return value.isString();
    case 'n': return value.isNumeric() && !value.isBoolean() && !value.isString();
    case 'f': return value.isBoolean();
    case 'o': return value.type() == typeid(Poco::JSON::Object::Ptr);
    default: return value.type() == typeid(Poco::JSON::Array::Ptr);
  }
}

std::string decoded(std::string text) {
  std::replace(text.begin(), text.end(), '+', ' ');
  std::string out;
  return percent_decode(text, out) ? out : std::string("(malformed)");
}

std::vector<std::string> pieces_of(const std::string& form) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin < form.size();) {
    const std::size_t end = std::min(form.find('&', begin), form.size());
    out.push_back(form.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

}  // namespace

ServiceStandIn::ServiceStandIn(Judge judge)
    : judge_(std::move(judge)), http_({{}, [this](const HttpAsked& it) { return keep(it); }}) {}

void ServiceStandIn::script(const HttpReply& reply, int times) {
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < times; ++i) script_.push_back(reply);
}

std::vector<SinkExchange> ServiceStandIn::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

HttpReply ServiceStandIn::keep(const HttpAsked& asked) {
  const std::lock_guard lock(mutex_);
  SinkExchange it;
  static_cast<HttpAsked&>(it) = asked;
  it.number = static_cast<int>(asked_.size()) + 1;
  if (script_.empty()) {
    it.reply = judge_(asked);
  } else {
    it.reply = script_.front();
    script_.pop_front();
  }
  asked_.push_back(it);
  return it.reply;
}

Poco::JSON::Object::Ptr json_in(const std::string& body) {
  try {
    return Poco::JSON::Parser().parse(body).extract<Poco::JSON::Object::Ptr>();
  } catch (const Poco::Exception&) {
    return nullptr;
  }
}

std::string problem_with(const Poco::JSON::Object::Ptr& object,
                         std::initializer_list<JsonField> fields) {
  if (!object) return "the body is no JSON object";
  for (const JsonField& field : fields) {
    if (!object->has(field.name)) {
      if (field.required) return field.name + " is missing";
      continue;
    }
    if (!is_kind(object->get(field.name), field.kind)) return field.name + " is of another type";
  }
  for (const auto& [name, value] : *object) {
    const std::string& key = name;
    const bool known = std::any_of(fields.begin(), fields.end(),
                                   [&](const JsonField& field) { return field.name == key; });
    if (!known) return key + " is unknown";
  }
  return {};
}

std::string json_field(const Poco::JSON::Object::Ptr& object, const std::string& name) {
  return object && object->has(name) ? object->get(name).convert<std::string>() : std::string();
}

std::string form_field(const std::string& form, const std::string& name) {
  for (const std::string& piece : pieces_of(form)) {
    if (piece.starts_with(name + "=")) return decoded(piece.substr(name.size() + 1));
  }
  return {};
}

std::vector<std::string> form_names(const std::string& form) {
  std::vector<std::string> out;
  for (const std::string& piece : pieces_of(form)) {
    out.push_back(decoded(piece.substr(0, piece.find('='))));
  }
  return out;
}

std::string path_of(const HttpAsked& asked) {
  return asked.target.substr(0, asked.target.find('?'));
}

std::string query_of(const HttpAsked& asked) {
  const auto at = asked.target.find('?');
  return at == std::string::npos ? std::string() : asked.target.substr(at + 1);
}

Notification about_check(Kind kind, int number) {
  Message message = a_message(kind);
  message.check = "web-0" + std::to_string(number);
  message.incident = 40 + number;
  const std::string key = message.check;
  return a_notification(std::move(message), key);
}

std::vector<Outcome> tell_two_checks(SendDesk& desk, const Notifier& notifier) {
  std::vector<Outcome> out;
  for (const Kind kind : {Kind::down, Kind::reminder, Kind::up}) {
    for (const int number : {1, 2}) {
      const Notification one = about_check(kind, number);
      out.push_back(desk.send(notifier, one));
    }
  }
  return out;
}

std::shared_ptr<const Notifier> notifier_of(std::string_view type, const std::string& settings) {
  const LoadedNotifier loaded = load_notifier(type, settings);
  INFO(loaded.all_problems());
  REQUIRE(loaded.notifier);
  return loaded.notifier;
}

std::string problems_of(std::string_view type, const std::string& settings) {
  std::string out;
  for (const std::string& problem : load_notifier(type, settings).problems) {
    const auto space = problem.find(": ");
    out += (space == std::string::npos ? problem : problem.substr(space + 2)) + "\n";
  }
  return out;
}

}  // namespace tocsin
