// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Every type of check against servers that mean it ill, whatever the type speaks: each look ends,
// is a verdict on the server, takes little memory and says nothing that a terminal or a chat could
// stumble over.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "probe/aim.h"
#include "probe/probe_fixture.h"
#include "support/raw_server.h"
#include "util/text.h"

namespace tocsin {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsOurs = false;  // a sanitizer keeps what was freed
#else
constexpr bool kMemoryIsOurs = true;
#endif
constexpr std::size_t kMostGrowthKib = 64 * 1024;
constexpr std::size_t kLongestReason = 2000;
constexpr std::size_t kLongestNote = 8000;
// What the runner rightly says when two dozen looks at once, each loading the system's issuers
// under a sanitizer, leave one of them no time.
constexpr std::string_view kStarved = "this machine stood still";
constexpr std::size_t kMegabyte = 1'000'000;

const std::string kPage =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000000\r\n\r\n";
const std::string kGarbage = "\x16\x03\xff\x1b[2J\x00\xc3\x28\r\n\x07{\"a\":[\xff\n*-:$";

// Every byte in a packet of its own, and the last ones for ever.
RawServer::Script bytewise(std::string beginning) {
  return [beginning = std::move(beginning)](RawConnection& connection) {
    if (!connection.send_slowly(beginning)) return;
    while (connection.send_slowly(kGarbage)) {
    }
  };
}

RawServer::Script endless(std::string line) {
  return [line = std::move(line)](RawConnection& connection) {
    std::string block;
    while (block.size() < 64'000) block += line;
    while (connection.send(block)) {
    }
  };
}

RawServer::Script hundred_megabytes(std::string beginning) {
  return [beginning = std::move(beginning)](RawConnection& connection) {
    const std::string block(kMegabyte, 'x');
    bool going = connection.send(beginning);
    for (int i = 0; going && i < 100; ++i) going = connection.send(block);
  };
}

RawServer::Script reset_after(std::string bytes) {
  return [bytes = std::move(bytes)](RawConnection& connection) {
    if (connection.send(bytes)) connection.reset();
  };
}

struct Hostile {
  std::string name;
  RawServer server;
};

std::vector<std::unique_ptr<Hostile>> hostile_servers() {
  std::vector<std::unique_ptr<Hostile>> out;
  const auto add = [&out](const std::string& name, RawServer::Script script) {
    out.push_back(std::unique_ptr<Hostile>(new Hostile{name, RawServer(std::move(script))}));
  };
  add("garbage, byte by byte", bytewise(kGarbage));
  add("a page, byte by byte", bytewise(kPage));
  add("one line without end", endless("x"));
  add("lines without end", endless("250-more\r\n"));
  add("headers without end", endless("HTTP/1.1 200 OK\r\nX-More: of it\r\n"));
  add("garbage without end", endless(kGarbage));
  add("100 MB of nothing", hundred_megabytes(""));
  add("100 MB of a page", hundred_megabytes(kPage));
  for (const std::size_t size : {0, 1, 5, 9, 17, 40}) {
    add("a page, reset after " + std::to_string(size), reset_after(kPage.substr(0, size)));
    add("garbage, reset after " + std::to_string(size), reset_after(kGarbage.substr(0, size)));
  }
  add("a page, reset in its body", reset_after(kPage + "hello"));
  return out;
}

// VmHWM or VmRSS of this process, in KiB.
std::size_t memory(const std::string& which) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(which + ":")) return std::stoul(line.substr(which.size() + 1));
  }
  throw std::runtime_error("no " + which + " in /proc/self/status");
}

void forget_peak() {
  std::ofstream("/proc/self/clear_refs") << 5;
}

void check_text(const std::string& text, std::size_t most) {
  INFO(printable(text, 400));
  CHECK(text.size() <= most);
  CHECK(is_valid_utf8(text));
  CHECK(std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n') || byte == 0x7F;
  }));
}

void check_result(const CheckType& type, const Result& result) {
  CHECK(result.reason.find("a bug in Tocsin") == std::string::npos);
  const bool unknown = result.verdict == Verdict::unknown;
  if (unknown && result.reason.starts_with(kStarved)) {
    WARN(type.name << ": " << result.reason);
  } else if (!unknown || !may_be_unknown(type)) {
    CHECK(unknown == type.needs_daemon);
  }
  if (result.verdict == Verdict::down) CHECK_FALSE(result.reason.empty());
  CHECK(result.took < std::chrono::seconds{30});
  CHECK(result.reason.find('\n') == std::string::npos);
  check_text(result.reason, kLongestReason);
  check_text(result.details, Result::kMostDetails);
  for (const std::string& note : result.notes) check_text(note, kLongestNote);
  for (const Metric& metric : result.metrics) check_text(metric.name, kLongestReason);
}

}  // namespace

TEST_CASE("contract: a hostile server costs the timeout and little memory", "[probe]") {
  const auto servers = hostile_servers();
  for (const CheckType& type : check_types()) {
    std::vector<CheckPtr> checks;  // made by one thread, as a daemon does
    for (const auto& hostile : servers) {
      const std::string settings = aimed_at(type, hostile->server.port());
      checks.push_back(make_check(check_of(type, settings, "700ms")));
    }
    const auto look = [](CheckPtr check) { return probe_once(*check, SystemClock(), true); };
    look(checks.back());  // what is kept for good is there now
    forget_peak();
    const std::size_t before = memory("VmRSS");
    std::vector<std::future<Result>> looks;
    for (const CheckPtr& check : checks) {
      looks.push_back(std::async(std::launch::async, look, check));
    }
    for (std::size_t i = 0; i < looks.size(); ++i) {
      INFO(type.name << " against " << servers[i]->name);
      const Result result = looks[i].get();
      INFO(to_string(result.verdict) << ": " << printable(result.reason, 400));
      check_result(type, result);
    }
    INFO(type.name);
    if (kMemoryIsOurs) CHECK(memory("VmHWM") < before + kMostGrowthKib);
  }
}

}  // namespace tocsin
