// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "cli/json_text.h"
#include "cli/signal_text.h"
#include "util/select.h"

namespace tocsin {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

std::string whom(const Object::Ptr& silence) {
  const Object::Ptr match = silence->getObject("match");
  if (!match) throw Poco::DataFormatException("no match");
  Selector out;
  const Array::Ptr names = match->getArray("name");
  for (unsigned i = 0; names && i < names->size(); ++i) {
    out.names.push_back(names->getElement<std::string>(i));
  }
  if (const Object::Ptr labels = match->getObject("labels")) {
    for (const auto& [key, value] : *labels) out.labels.emplace_back(key, value.toString());
  }
  return shown_line(shown(out));
}

std::string title(const Object::Ptr& silence) {
  return (silence->optValue("maintenance", false) ? "maintenance " : "silence ") +
         silence->getValue<std::string>("id");
}

struct Told {
  Object::Ptr silence;
  std::string checks;  // "12 checks (web-*; team=shop)"
  std::string disk;    // what is wrong with it, as a line; mostly empty
};

Told read(const std::string& json) {
  const Object::Ptr answer = parse_object(json);
  Told out;
  out.silence = answer->getObject("silence");
  if (!out.silence) throw Poco::DataFormatException("no silence");
  const auto count = answer->getValue<std::uint64_t>("checks");
  out.checks =
      std::to_string(count) + (count == 1 ? " check (" : " checks (") + whom(out.silence) + ")";
  if (!answer->optValue("durable", true)) {
    out.disk = "The daemon's disk refuses this: a restart may forget it.\n";
  }
  return out;
}

}  // namespace

std::string begun_text(const std::string& json) {
  const Told told = read(json);
  return title(told.silence) + ": nothing bad of " + told.checks + " is told until " +
         moment_text(told.silence, "until") + "\n" + told.disk;
}

std::string ended_text(const std::string& json) {
  const Told told = read(json);
  return title(told.silence) + " is over: what is bad of " + told.checks + " is told again\n" +
         told.disk;
}

std::string silences_text(const std::string& json) {
  const Array::Ptr silences = parse_object(json)->getArray("silences");
  if (!silences) throw Poco::DataFormatException("no silences");
  std::string out;
  for (unsigned i = 0; i < silences->size(); ++i) {
    const Object::Ptr one = silences->getObject(i);
    if (!one) throw Poco::DataFormatException("no silence");
    out += title(one) + " until " + moment_text(one, "until") + ": " + whom(one);
    const std::string by = line_at(one, "by");
    const std::string why = line_at(one, "why");
    if (!by.empty()) out += ", by " + by;
    if (!why.empty()) out += ": " + why;
    out += "\n";
  }
  return out.empty() ? "nothing is silenced\n" : out;
}

}  // namespace tocsin
