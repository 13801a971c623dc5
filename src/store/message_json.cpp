// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "store/message_json.h"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <limits>
#include <sstream>
#include <string_view>

#include "util/text.h"

namespace tocsin {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;

std::string valid(const std::string& text) {
  if (is_valid_utf8(text)) return text;
  return printable_lines(text, 3 * text.size());  // U+FFFD takes three bytes
}

std::string written(const Object& object) {
  std::ostringstream out;
  object.stringify(out);
  return out.str();
}

Array labels_array(const Message& message) {
  Array labels;
  for (const auto& [key, value] : message.labels) {
    Array pair;
    pair.add(valid(key));
    pair.add(valid(value));
    labels.add(pair);
  }
  return labels;
}

// Poco's parser turns NUL characters and lone surrogates into what they say; its exceptions are all
// that it has to say about bad input.
Var parsed(const std::string& text) {
  try {
    return Poco::JSON::Parser().parse(text);
  } catch (const Poco::Exception&) {
    return {};
  }
}

std::string text_of(const Var& value) {
  return value.isString() ? value.extract<std::string>() : std::string();
}

std::string text_at(const Object& object, const std::string& key) {
  return text_of(object.get(key));
}

// The number, if it is a whole one that fits; else `fallback`.
std::int64_t number_at(const Object& object, const std::string& key, std::int64_t fallback = 0) {
  const Var value = object.get(key);
  if (value.isEmpty() || !value.isInteger() || value.isBoolean()) return fallback;
  try {
    return value.convert<Poco::Int64>();
  } catch (const Poco::Exception&) {
    return fallback;
  }
}

std::uint32_t count_at(const Object& object, const std::string& key) {
  const std::int64_t value = number_at(object, key);
  return value < 0 || value > std::numeric_limits<std::uint32_t>::max()
             ? 0
             : static_cast<std::uint32_t>(value);
}

WallTime time_at(const Object& object, const std::string& key) {
  return WallTime{Millis{number_at(object, key)}};
}

State state_at(const Object& object, const std::string& key) {
  return parse_state(text_at(object, key)).value_or(State::pending);
}

bool flag_at(const Object& object, const std::string& key, bool fallback) {
  const Var value = object.get(key);
  return value.isBoolean() ? value.extract<bool>() : fallback;
}

Kind kind_at(const Object& object, const std::string& key) {
  const std::string name = text_at(object, key);
  for (const Kind kind : kKinds) {
    if (to_string(kind) == name) return kind;
  }
  return Kind::daemon;
}

void read_labels(const Object& object, Message& message) {
  const Array::Ptr labels = object.getArray("labels");
  if (labels.isNull()) return;
  for (unsigned i = 0; i < labels->size(); ++i) {
    const Array::Ptr pair = labels->getArray(i);
    if (pair.isNull() || pair->size() != 2) continue;
    message.labels.emplace_back(text_of(pair->get(0)), text_of(pair->get(1)));
  }
}

Message unreadable() {
  Message message;
  message.kind = Kind::daemon;
  message.reason = "what this notification was about could not be read from the database";
  return message;
}

Message read(const Object& object) {
  Message message;
  message.kind = kind_at(object, "kind");
  message.instance = text_at(object, "instance");
  message.check = text_at(object, "check");
  message.type = text_at(object, "type");
  message.target = text_at(object, "target");
  message.description = text_at(object, "description");
  message.runbook = text_at(object, "runbook");
  read_labels(object, message);
  message.reason = text_at(object, "reason");
  message.details = text_at(object, "details");
  message.note = text_at(object, "note");
  message.from = state_at(object, "from");
  message.to = state_at(object, "to");
  message.decided_at = time_at(object, "decided_at");
  message.since = time_at(object, "since");
  message.failed_probes = count_at(object, "failed_probes");
  message.incident = number_at(object, "incident");
  message.worst_reason = text_at(object, "worst_reason");
  message.worst = state_at(object, "worst");
  message.durable = flag_at(object, "durable", true);
  return message;
}

}  // namespace

std::string to_json(const Message& message) {
  Object out;
  out.set("kind", std::string(to_string(message.kind)));
  out.set("instance", valid(message.instance));
  out.set("check", valid(message.check));
  out.set("type", valid(message.type));
  out.set("target", valid(message.target));
  out.set("description", valid(message.description));
  out.set("runbook", valid(message.runbook));
  if (!message.labels.empty()) out.set("labels", labels_array(message));
  out.set("reason", valid(message.reason));
  if (!message.details.empty()) out.set("details", valid(message.details));
  if (!message.note.empty()) out.set("note", valid(message.note));
  out.set("from", std::string(to_string(message.from)));
  out.set("to", std::string(to_string(message.to)));
  out.set("decided_at", Poco::Int64{message.decided_at.time_since_epoch().count()});
  out.set("since", Poco::Int64{message.since.time_since_epoch().count()});
  out.set("failed_probes", Poco::UInt32{message.failed_probes});
  out.set("incident", Poco::Int64{message.incident});
  out.set("worst_reason", valid(message.worst_reason));
  out.set("worst", std::string(to_string(message.worst)));
  out.set("durable", message.durable);
  return written(out);
}

Message message_from_json(const std::string& text) {
  const Var value = parsed(text);
  if (value.type() != typeid(Object::Ptr)) return unreadable();
  return read(*value.extract<Object::Ptr>());
}

std::string to_json(const std::vector<std::string>& texts) {
  Array out;
  for (const std::string& text : texts) out.add(valid(text));
  std::ostringstream stream;
  out.stringify(stream);
  return stream.str();
}

std::vector<std::string> texts_from_json(const std::string& text) {
  std::vector<std::string> texts;
  const Var value = parsed(text);
  if (value.type() != typeid(Array::Ptr)) return texts;
  for (const Var& entry : *value.extract<Array::Ptr>()) {
    if (entry.isString()) texts.push_back(entry.extract<std::string>());
  }
  return texts;
}

}  // namespace tocsin
