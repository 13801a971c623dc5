// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <sstream>

#include "notify/rigs.h"
#include "support/child.h"

namespace tocsin {
namespace {

// Each message is a line of a file, as the program got it.
std::string exec_settings(const std::string& directory) {
  const bool is_path = directory.starts_with('/');
  return "{command: [/bin/sh, -c, 'cat >> \"$0\"', '" + (is_path ? directory : "/nowhere") +
         "/told'], secrets: {token: exec_secret_token_1}, timeout: 60s}";
}

std::vector<SinkTold> exec_told_in(const std::string& directory) {
  std::vector<SinkTold> out;
  std::istringstream lines(read_file(directory + "/told"));
  for (std::string line; std::getline(lines, line) && !lines.eof();) {
    const auto it = Poco::JSON::Parser().parse(line).extract<Poco::JSON::Object::Ptr>();
    out.push_back({it->getValue<std::string>("thread_key"),
                   it->getValue<std::string>("title") + "\n" + it->getValue<std::string>("text")});
  }
  return out;
}

bool exec_can_ping(const std::string& text) {
  return text.find('\x1b') != std::string::npos;
}

}  // namespace

Rig exec_rig() {
  Rig rig{"exec", exec_settings, {"exec_secret_token_1"}, 80'000};
  rig.can_ping = exec_can_ping;
  rig.told_in = exec_told_in;
  return rig;
}

}  // namespace tocsin
