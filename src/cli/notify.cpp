// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <sstream>
#include <string_view>

#include "cli/commands.h"
#include "cli/daemon_client.h"
#include "tocsin/message.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::size_t kMostInput = std::size_t{4} << 20U;
constexpr std::string_view kCut = "…\n";
constexpr std::size_t kLongLine = 1000;

// All of standard input; of very much the beginning and the end.
std::string read_input() {
  std::string out;
  std::array<char, 65536> part{};
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return out;
    out.append(part.data(), static_cast<std::size_t>(got));
    if (out.size() > 2 * kMostInput) out.erase(kMostInput / 2, kMostInput);
  }
}

// What a log ends with matters; a line that would be cut is left out, unless it is very long.
std::string end_of(std::string_view text) {
  std::string lines(trim(printable_lines(text, text.size() * 3 + 1)));
  if (lines.size() <= OwnMessage::kMostDetails) return lines;
  std::size_t from = lines.size() - (OwnMessage::kMostDetails - kCut.size());
  while (from < lines.size() && (static_cast<unsigned char>(lines[from]) & 0xC0U) == 0x80U) ++from;
  const std::size_t line = lines.find('\n', from);
  if (line != std::string::npos && line - from < kLongLine) from = line + 1;
  return std::string(kCut) + lines.substr(from);
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// An argument may hold any bytes; JSON may not.
std::string valid(std::string_view text) {
  return is_valid_utf8(text) ? std::string(text) : printable_lines(text, text.size() * 3 + 1);
}

std::string body_of(const NotifyOptions& options) {
  std::string text = joined(options.words);
  std::string details = options.details;
  if (details == "-") details = end_of(read_input());
  if (text == "-") {
    const std::string input = read_input();
    const std::string_view all = trim(input);
    const std::size_t end = std::min(all.find('\n'), all.size());
    text = all.substr(0, end);
    const std::string rest = end_of(all.substr(end));
    details = rest + (rest.empty() || details.empty() ? "" : "\n") + details;
  }
  Object object;
  if (!options.to.empty()) {
    Array to;
    for (const std::string& name : options.to) to.add(valid(name));
    object.set("to", to);
  }
  object.set("text", valid(text));
  const auto add = [&object](const char* key, const std::string& value) {
    if (!value.empty()) object.set(key, valid(value));
  };
  add("thread", options.thread);
  add("details", details);
  add("link", options.link);
  add("id", options.id);
  std::ostringstream out;
  object.stringify(out);
  return out.str();
}

// What the daemon accepted, a line a notifier.
void report(const std::string& body) {
  const auto object = Poco::JSON::Parser().parse(body).extract<Object::Ptr>();
  const bool repeated = object->optValue("repeated", false);
  const Array::Ptr made = object->getArray("notifications");
  for (unsigned i = 0; !made.isNull() && i < made->size(); ++i) {
    const Object::Ptr one = made->getObject(i);
    std::printf("%s for %s: notification %s\n", repeated ? "accepted before" : "accepted",
                printable(one->getValue<std::string>("notifier"), 200).c_str(),
                one->get("id").toString().c_str());
  }
  if (!object->optValue("durable", true)) {
    std::fprintf(stderr,
                 "tocsin: the daemon's disk refuses it: it is told from memory, and a restart may "
                 "lose or repeat it\n");
  }
}

}  // namespace

int notify(const NotifyOptions& options) {
  const auto daemon = DaemonClient::find(options.file);
  if (!daemon) return 1;
  const DaemonClient::Answer answer = daemon->post("/api/v1/messages", body_of(options));
  if (!answer.trouble.empty()) {
    std::fprintf(stderr, "tocsin: not told: %s\n", answer.trouble.c_str());
    return 1;
  }
  try {
    report(answer.body);
  } catch (const Poco::Exception&) {
    std::fprintf(stderr, "tocsin: what answers there is no Tocsin\n");
    return 1;
  }
  return 0;
}

}  // namespace tocsin
