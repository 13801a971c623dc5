// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <sstream>

#include "notify/rigs.h"
#include "support/child.h"

namespace tocsin {
namespace {

std::string file_settings(const std::string& directory) {
  const bool is_path = directory.starts_with('/');
  return "{path: '" + (is_path ? directory : "/tmp") + "/told.jsonl', timeout: 60s}";
}

std::vector<SinkTold> file_told_in(const std::string& directory) {
  std::vector<SinkTold> out;
  std::istringstream lines(read_file(directory + "/told.jsonl"));
  for (std::string line; std::getline(lines, line) && !lines.eof();) {
    const auto it = Poco::JSON::Parser().parse(line).extract<Poco::JSON::Object::Ptr>();
    out.push_back({it->getValue<std::string>("thread_key"),
                   it->getValue<std::string>("title") + "\n" + it->getValue<std::string>("text")});
  }
  return out;
}

bool file_can_ping(const std::string& text) {
  return text.find('\x1b') != std::string::npos;
}

}  // namespace

Rig file_rig() {
  Rig rig{"file", file_settings, {}, 80'000};
  rig.can_ping = file_can_ping;
  rig.told_in = file_told_in;
  return rig;
}

}  // namespace tocsin
