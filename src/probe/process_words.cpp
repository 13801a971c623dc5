// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/process_words.h"

#include <unistd.h>

#include "probe/users.h"
#include "tocsin/result.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kCommandShown = 160;

}  // namespace

std::string process_line(const FoundProcess& process, const std::string& figures) {
  const std::string user = process.user ? show_user(*process.user) : "?";
  const std::string command = process.command.empty() ? '[' + process.comm + ']' : process.command;
  return "pid " + std::to_string(process.id.pid) + ", user " + user + ", " + figures + ": " +
         printable(command, kCommandShown);
}

std::string joined_lines(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "\n") + line;
  return printable_lines(out, Result::kMostDetails);
}

double resident_bytes(const ProcessFigures& process) noexcept {
  static const auto kPage = static_cast<double>(sysconf(_SC_PAGESIZE));
  return static_cast<double>(process.rss_pages) * kPage;
}

}  // namespace tocsin
