// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The real daemon and Debian's Alertmanager, two of them, whose groups are told to a webhook.
#include <Poco/Exception.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <catch2/catch.hpp>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "e2e/daemon.h"
#include "e2e/targets.h"
#include "support/child.h"
#include "support/http_stand_in.h"
#include "support/real_server.h"

using namespace tocsin;

namespace {

using Names = std::set<std::string>;

// What Alertmanager tells a receiver of webhooks: "firing alpha", "resolved alpha".
class Receiver {
 public:
  Receiver() : http_({{}, [this](const HttpAsked& asked) { return keep(asked); }}) {}
  std::string url() const { return http_.base_url() + "/hook"; }
  bool was_told(const std::string& what) const {
    const std::lock_guard lock(mutex_);
    return told_.contains(what);
  }

 private:
  HttpReply keep(const HttpAsked& asked) {
    const auto group = Poco::JSON::Parser().parse(asked.body).extract<Poco::JSON::Object::Ptr>();
    const auto alerts = group->getArray("alerts");
    const std::lock_guard lock(mutex_);
    for (unsigned i = 0; i < alerts->size(); ++i) {
      const auto alert = alerts->getObject(i);
      told_.insert(alert->getValue<std::string>("status") + " " +
                   alert->getObject("labels")->getValue<std::string>("instance"));
    }
    return {};
  }

  mutable std::mutex mutex_;
  Names told_;
  HttpStandIn http_;
};

class Manager {
 public:
  explicit Manager(const Receiver& receiver) : server_("/usr/bin/prometheus-alertmanager") {
    server_.write("am.yml",
                  "route: {receiver: hook, group_by: [instance], group_wait: 100ms, "
                  "group_interval: 500ms, repeat_interval: 1h}\n"
                  "receivers:\n  - name: hook\n    webhook_configs: [{url: '" +
                      receiver.url() + "', send_resolved: true}]\n");
  }
  bool there() const { return server_.there(); }
  void start() {
    server_.start({"--config.file=" + server_.path("am.yml"),
                   "--storage.path=" + server_.path("data"),
                   "--web.listen-address=127.0.0.1:" + std::to_string(server_.port()),
                   "--cluster.listen-address="});
  }
  void stop() { server_.stop(); }
  std::string url() { return "http://127.0.0.1:" + std::to_string(server_.port()); }

  // By instance, when each alert that fires will end by itself.
  std::map<std::string, std::string> firing() {
    std::map<std::string, std::string> out;
    const Ran ran = run_program({"curl", "-s", "-m", "5", url() + "/api/v2/alerts"});
    try {
      const auto all = Poco::JSON::Parser().parse(ran.out).extract<Poco::JSON::Array::Ptr>();
      for (unsigned i = 0; i < all->size(); ++i) {
        const auto alert = all->getObject(i);
        out[alert->getObject("labels")->getValue<std::string>("instance")] =
            alert->getValue<std::string>("endsAt");
      }
    } catch (const Poco::Exception&) {
      out["no answer"];
    }
    return out;
  }
  Names names() {
    Names out;
    for (const auto& [name, ends] : firing()) out.insert(name);
    return out;
  }
  bool fires(const Names& wanted) {
    return eventually([&] { return names() == wanted; }, std::chrono::seconds{60});
  }
  // Until both would have ended some seconds ago, had they not been told again. Neither may end
  // meanwhile.
  bool keeps(const Names& wanted) {
    std::string latest;
    for (const auto& [name, ends] : firing()) latest = std::max(latest, ends);
    bool all = true;
    const bool kept = eventually(
        [&] {
          const auto now = firing();
          all = all && now.size() == wanted.size();
          for (const auto& [name, ends] : now) {
            if (ends.substr(0, 19) <= latest.substr(0, 19)) return false;
          }
          return run_program({"date", "-u", "+%Y-%m-%dT%H:%M:%S"}).out > latest;
        },
        std::chrono::seconds{60});
    return kept && all;
  }

 private:
  RealServer server_;
};

}  // namespace

TEST_CASE(
    "alertmanager: two checks are two alerts that are kept firing, come back after a restart "
    "of either side, and end",
    "[e2e]") {
  const Receiver receiver;
  Manager one(receiver);
  Manager two(receiver);
  if (!one.there()) return;
  one.start();
  two.start();
  Daemon daemon;
  WebTarget alpha;
  WebTarget beta;
  daemon.configure(
      "defaults: {interval: 300ms, timeout: 250ms, retry_interval: 100ms, down_after: 2, "
      "up_after: 2}\n"
      "notifiers:\n  - name: am\n    alertmanager: {urls: ['" +
      one.url() + "', '" + two.url() +
      "'], resend_every: 1s, expires_after: 4s}\n"
      "checks:\n  - {name: alpha, tcp: '" +
      alpha.address() + "'}\n  - {name: beta, tcp: '" + beta.address() + "'}\n");
  REQUIRE(daemon.start());
  for (const std::string check : {"alpha", "beta"}) REQUIRE(daemon.wait_state(check, "up"));

  const Names both{"alpha", "beta"};
  alpha.stop();
  beta.stop();
  CHECK(one.fires(both));
  CHECK(two.fires(both));
  CHECK(one.keeps(both));
  CHECK(receiver.was_told("firing alpha"));
  CHECK_FALSE(receiver.was_told("resolved alpha"));

  two.stop();
  two.start();
  CHECK(two.fires(both));
  daemon.kill9();
  REQUIRE(daemon.start());
  CHECK(one.keeps(both));
  CHECK_FALSE(receiver.was_told("resolved beta"));

  alpha.go();
  CHECK(one.fires({"beta"}));
  CHECK(two.fires({"beta"}));
  CHECK(eventually([&] { return receiver.was_told("resolved alpha"); }));
  CHECK(one.keeps({"beta"}));
  CHECK(daemon.terminate() == 0);
  // Nobody keeps it any more.
  CHECK(one.fires({}));
}
