// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "probe/probe_fixture.h"
#include "probe/probe_tools.h"
#include "probe/rdap.h"
#include "support/fake_clock.h"
#include "support/http_stand_in.h"
#include "support/on_loop.h"
#include "util/duration.h"

namespace tocsin {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

inline const WallTime kNow = *parse_rfc3339("2026-11-21T05:00:00Z");

// What a registry answers (RFC 9083 section 5.3), with the members that its text requires.
struct Registration {
  std::string name = "example.org";
  std::string status = R"("active", "client transfer prohibited")";
  std::string expires;  // RFC 3339; empty: not told
  std::string registrar = "Example Registrar, Inc.";
  std::string nameservers = R"({"objectClassName": "nameserver", "ldhName": "NS1.EXAMPLE.ORG"},
      {"objectClassName": "nameserver", "ldhName": "ns2.example.org."})";

  std::string json() const {
    const std::string expiration =
        expires.empty() ? ""
                        : R"(, {"eventAction": "expiration", "eventDate": ")" + expires + "\"}";
    return R"({"rdapConformance": ["rdap_level_0"], "objectClassName": "domain",
      "handle": "D1-ORG", "ldhName": ")" +
           name + R"(", "status": [)" + status + R"(],
      "events": [{"eventAction": "registration", "eventDate": "1999-01-02T03:04:05Z"})" +
           expiration + R"(],
      "nameservers": [)" +
           nameservers + R"(],
      "entities": [{"objectClassName": "entity", "handle": "7", "roles": ["technical"]},
        {"objectClassName": "entity", "handle": "42", "roles": ["registrar"], "vcardArray":
         ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", ")" +
           registrar + R"("]]]}]})";
  }
};

inline std::string in(Millis time, WallTime now) {
  return rfc3339(now + time);
}

// A registry by RFC 9082 and RFC 7480: it answers for its domains at /domain/NAME, to those who
// take application/rdap+json; and has IANA's file at /dns.json. What offends is noted.
class Registry {
 public:
  Registry()
      : server_(
            {.head = nullptr, .whole = [this](const HttpAsked& asked) { return answer(asked); }}) {}

  void set(const std::string& name, HttpReply reply) {
    const std::scoped_lock lock(mutex_);
    replies_[name] = std::move(reply);
  }
  void set(const Registration& registration) {
    set(registration.name, {.body = registration.json()});
  }
  std::string url() const { return server_.base_url() + "/rdap/"; }
  std::string bootstrap() const { return server_.base_url() + "/dns.json"; }
  std::uint16_t port() const { return server_.port(); }
  int asked() const { return asked_; }
  int bootstraps() const { return bootstraps_; }
  std::string offences() {
    const std::scoped_lock lock(mutex_);
    return offences_;
  }
  void stop() { server_.stop(); }
  void start() { server_.start(); }

 private:
  HttpReply answer(const HttpAsked& asked) {
    const std::scoped_lock lock(mutex_);
    if (asked.target == "/dns.json") {
      ++bootstraps_;
      return {.body = R"({"version": "1.0", "publication": "2026-11-01T00:00:00Z", "services": [
        [["net", "com"], ["http://127.0.0.1:1/"]], [["ORG"], ["ftp://x/", ")" +
                      server_.base_url() + R"(/rdap/"]]]})"};
    }
    ++asked_;
    if (asked.method != "GET") offences_ += "method " + asked.method + "\n";
    if (asked.header("Accept").find("application/rdap+json") == std::string_view::npos) {
      offences_ += "no Accept\n";
    }
    const std::string path = "/rdap/domain/";
    if (!asked.target.starts_with(path)) {
      offences_ += "path " + asked.target + "\n";
      return {.status = 400};
    }
    const auto found = replies_.find(asked.target.substr(path.size()));
    if (found == replies_.end()) {
      return {.status = 404, .body = R"({"errorCode": 404, "title": "Not Found"})"};
    }
    HttpReply reply = found->second;
    reply.headers.emplace_back("Content-Type", "application/rdap+json");
    return reply;
  }

  std::mutex mutex_;
  std::map<std::string, HttpReply> replies_;
  std::string offences_;
  std::atomic<int> asked_{0};
  std::atomic<int> bootstraps_{0};
  HttpStandIn server_;
};

// A daemon's loop, with a clock that is turned by hand.
struct DomainDaemon {
  Result look(const std::string& keys) {
    const CheckPtr check = make_check(keys);
    return look(*check);
  }
  Result look(const Check& check) {
    ProbeContext context = at();
    return on_loop(tools.loop(), check.prober->probe(context));
  }
  // Of the checks at once.
  std::vector<Result> look_at_once(const std::vector<CheckPtr>& checks) {
    ProbeContext context = at();
    std::vector<Result> out;
    for (const CheckPtr& check : checks) {
      asio::co_spawn(tools.loop(), check->prober->probe(context),
                     [&](std::exception_ptr, Result result) { out.push_back(std::move(result)); });
    }
    while (out.size() < checks.size()) {
      tools.loop().restart();
      tools.loop().run_one();
    }
    return out;
  }
  ProbeContext at() {
    ProbeContext context =
        tools.context(clock, std::chrono::steady_clock::now() + std::chrono::seconds{5});
    context.explain = true;
    return context;
  }

  FakeClock clock;
  ProbeTools tools{[](std::uint32_t) {}};
};

inline std::string keys(const Registry& registry, const std::string& more = "") {
  return "domain: {name: example.org, rdap: \"" + registry.url() + "\"" +
         (more.empty() ? "" : ", " + more) + "}";
}

inline bool has_note(const Result& result, const std::string& part) {
  return std::any_of(result.notes.begin(), result.notes.end(),
                     [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

inline Result judged(const Registration& registration, const std::string& more = "") {
  Registry registry;
  registry.set(registration);
  DomainDaemon daemon;
  return daemon.look(keys(registry, more));
}

inline const WallTime kFakeNow = FakeClock().wall();

}  // namespace tocsin
