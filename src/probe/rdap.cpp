// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/rdap.h"

#include <Poco/Dynamic/Var.h>
#include <Poco/Exception.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::size_t kDeepest = 64;
constexpr std::size_t kLongest = 200;
constexpr std::size_t kMostKept = 50;

// --- JSON
// -------------------------------------------------------------------------------------------

Var parse_json(const std::string& text) {
  Poco::JSON::Parser parser;
  parser.setDepth(kDeepest);
  try {
    return parser.parse(text);
  } catch (const Poco::Exception& error) {
    throw std::runtime_error("no JSON: " + printable(error.message(), 80));
  }
}

Object::Ptr object_of(const Var& value) {
  return value.type() == typeid(Object::Ptr) ? value.extract<Object::Ptr>() : Object::Ptr();
}

Array::Ptr array_of(const Var& value) {
  return value.type() == typeid(Array::Ptr) ? value.extract<Array::Ptr>() : Array::Ptr();
}

std::string text_of(const Var& value) {
  return value.isString() ? printable(value.extract<std::string>(), kLongest) : std::string();
}

std::string text_at(const Object::Ptr& object, const char* key) {
  return object ? text_of(object->get(key)) : std::string();
}

// The elements of a list, at most so many; none if it is no list.
std::vector<Var> list_of(const Var& value) {
  const Array::Ptr array = array_of(value);
  std::vector<Var> out;
  if (!array) return out;
  for (std::size_t i = 0; i < std::min(array->size(), kMostKept); ++i) {
    out.push_back(array->get(static_cast<unsigned>(i)));
  }
  return out;
}

std::vector<Var> list_at(const Object::Ptr& object, const char* key) {
  return object ? list_of(object->get(key)) : std::vector<Var>();
}

std::string canonical_name(std::string name) {
  if (name.size() > 1 && name.ends_with('.')) name.pop_back();
  return to_lower(name);
}

// --- the parts of a domain
// --------------------------------------------------------------------------

void read_events(RdapDomain& out, const Object::Ptr& domain) {
  for (const Var& value : list_at(domain, "events")) {
    const Object::Ptr event = object_of(value);
    const std::string action = text_at(event, "eventAction");
    const auto date = parse_rfc3339(text_at(event, "eventDate"));
    if (!date) continue;
    if (action == "expiration" && (!out.expires || *date < *out.expires)) out.expires = date;
    if (action == "registration") out.registered = date;
  }
}

// jCard (RFC 7095): ["vcard", [["fn", {}, "text", "NAME"], …]].
std::string name_in_card(const Object::Ptr& entity) {
  const std::vector<Var> card = list_at(entity, "vcardArray");
  if (card.size() < 2) return {};
  for (const Var& property : list_of(card[1])) {
    const std::vector<Var> parts = list_of(property);
    if (parts.size() >= 4 && text_of(parts[0]) == "fn") return text_of(parts[3]);
  }
  return {};
}

bool is_registrar(const Object::Ptr& entity) {
  for (const Var& role : list_at(entity, "roles")) {
    if (text_of(role) == "registrar") return true;
  }
  return false;
}

void read_registrar(RdapDomain& out, const Object::Ptr& domain) {
  for (const Var& value : list_at(domain, "entities")) {
    const Object::Ptr entity = object_of(value);
    if (!is_registrar(entity)) continue;
    out.registrar = name_in_card(entity);
    if (out.registrar.empty()) out.registrar = text_at(entity, "handle");
    if (!out.registrar.empty()) return;
  }
}

}  // namespace

std::string rdap_status(std::string_view text) {
  std::string out;
  for (const char c : trim(text)) {
    const bool capital = c >= 'A' && c <= 'Z';
    if (capital && !out.empty() && out.back() != ' ') out += ' ';
    out += capital ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

RdapDomain parse_rdap_domain(const std::string& json, std::string_view name) {
  RdapDomain out;
  Object::Ptr domain;
  try {
    domain = object_of(parse_json(json));
  } catch (const std::exception& error) {
    out.problem = error.what();
    return out;
  }
  out.name = canonical_name(text_at(domain, "ldhName"));
  if (text_at(domain, "objectClassName") != "domain") {
    out.problem = "an answer that is about no domain";
  } else if (!out.name.empty() && out.name != name) {
    out.problem = "an answer about " + out.name;
  }
  for (const Var& value : list_at(domain, "status"))
    out.status.push_back(rdap_status(text_of(value)));
  for (const Var& value : list_at(domain, "nameservers")) {
    out.nameservers.push_back(canonical_name(text_at(object_of(value), "ldhName")));
  }
  std::erase(out.nameservers, "");
  read_events(out, domain);
  read_registrar(out, domain);
  return out;
}

RdapBootstrap parse_rdap_bootstrap(const std::string& json) {
  const Object::Ptr file = object_of(parse_json(json));
  const Array::Ptr services = file ? array_of(file->get("services")) : Array::Ptr();
  if (!services) throw std::runtime_error("no list of RDAP services");
  RdapBootstrap out;
  for (const Var& value : *services) {
    const Array::Ptr service = array_of(value);
    if (!service || service->size() < 2) continue;
    const Array::Ptr suffixes = array_of(service->get(0));
    std::string best;
    for (const Var& url : list_of(service->get(1))) {
      const std::string text = text_of(url);
      const bool https = text.starts_with("https:");
      if (https || (best.empty() && text.starts_with("http:"))) best = text;
    }
    if (!suffixes || best.empty()) continue;
    for (const Var& suffix : *suffixes) out.emplace(canonical_name(text_of(suffix)), best);
  }
  if (out.empty()) throw std::runtime_error("no RDAP service in it");
  return out;
}

std::string rdap_server(const RdapBootstrap& bootstrap, std::string_view name) {
  while (true) {
    const auto found = bootstrap.find(name);
    if (found != bootstrap.end()) return found->second;
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) return {};
    name.remove_prefix(dot + 1);
  }
}

}  // namespace tocsin
