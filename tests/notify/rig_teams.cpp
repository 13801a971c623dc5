// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "notify/rigs.h"

namespace tocsin {
namespace {

using Poco::JSON::Object;

Object::Ptr card_in(const HttpAsked& asked) {
  return Poco::JSON::Parser()
      .parse(asked.body)
      .extract<Object::Ptr>()
      ->getArray("attachments")
      ->getObject(0)
      ->getObject("content");
}

std::string settings(const std::string& base_url) {
  return "{webhook_url: \"" + base_url +
         "/workflows/0123456789abcdefsecret/triggers/manual/paths/invoke?api-version=2016-06-01"
         "&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=s3cret-Signature_0123456789\", timeout: 1s}";
}

// What is shown, a line each; a block that could hold markup shows as such.
std::string text_of(const HttpAsked& asked) {
  std::string out;
  const auto blocks = card_in(asked)->getArray("body");
  for (unsigned i = 0; i < blocks->size(); ++i) {
    const auto block = blocks->getObject(i);
    if (block->getValue<std::string>("type") != "RichTextBlock") return "<markup>";
    const auto run = block->getArray("inlines")->getObject(0);
    out += run->getValue<std::string>("text") + "\n";
  }
  return out;
}

bool can_ping(const std::string& text) {
  return text == "<markup>" || text.find("{{") != std::string::npos;
}

HttpReply taken(const HttpAsked&, int) {
  return {.status = 202, .body = ""};
}

}  // namespace

// No threads there, for those who come from outside.
Rig teams_rig() {
  Rig rig{"teams", settings, {"0123456789abcdefsecret", "s3cret-Signature_0123456789"}, 28'000};
  rig.text_of = text_of;
  rig.can_ping = can_ping;
  rig.taken = taken;
  return rig;
}

}  // namespace tocsin
