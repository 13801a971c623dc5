// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <string>

#include "notify/notify_fixture.h"
#include "support/child.h"
#include "support/temp_dir.h"

namespace tocsin {
namespace {

using What = Outcome::What;
using Poco::JSON::Object;

// A notifier that runs this script of sh; $0 is a file for what it has to say.
class Script {
 public:
  explicit Script(const std::string& text, const std::string& more = "") {
    const std::string file = dir_.write("script", text).string();
    const std::string keys = "{command: [/bin/sh, " + file + ", " + path("out") + "]" + more + "}";
    const LoadedNotifier loaded = load_notifier("exec", keys);
    INFO(loaded.all_problems());
    REQUIRE(loaded.notifier);
    notifier_ = loaded.notifier;
  }
  Outcome send(const Notification& notification) { return desk_.send(*notifier_, notification); }
  Outcome send() { return send(a_notification(Kind::down)); }
  std::string path(const std::string& name) const { return (dir_.path() / name).string(); }
  std::string out() const { return read_file(path("out")); }
  const Notifier& notifier() const { return *notifier_; }

 private:
  TempDir dir_;
  std::shared_ptr<const Notifier> notifier_;
  SendDesk desk_;
};

std::string problem(const std::string& settings) {
  const std::string all = load_notifier("exec", settings).all_problems();
  const auto at = all.find(": ");
  return at == std::string::npos ? all : all.substr(at + 2);
}

}  // namespace

TEST_CASE("exec: the program gets the facts as JSON, and secrets with them", "[notify]") {
  Script script("cat > \"$1\"", ", secrets: {token: 'se\"cret_1'}");
  const Notification one = a_notification(Kind::down);
  CHECK(script.send(one).what == What::sent);
  const std::string out = script.out();
  CHECK(out.ends_with("}\n"));
  const auto it = Poco::JSON::Parser().parse(out).extract<Object::Ptr>();
  CHECK(it->getValue<std::string>("id") == one.uid);
  CHECK(it->getValue<std::string>("kind") == "down");
  CHECK(it->getValue<std::string>("thread_key") == "web-01");
  CHECK(it->getObject("check")->getValue<std::string>("name") == "web-01");
  CHECK(it->getObject("secrets")->getValue<std::string>("token") == "se\"cret_1");
}

TEST_CASE("exec: its environment is clean, but for the plainest facts", "[notify]") {
  // TOCSIN_RUN is the mark by which what it has started is found and ended.
  Script script("env | grep -v ^TOCSIN_RUN= | sort > \"$1\"", ", environment: {ROOM: ops}");
  setenv("TOCSIN_TEST_STRANGER", "1", 1);
  Notification one = a_notification(Kind::down);
  one.uid = "u-1";
  CHECK(script.send(one).what == What::sent);
  CHECK(script.out() ==
        "LANG=C\nLC_ALL=C\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:"
        "/usr/lib/nagios/plugins\nPWD=/\nROOM=ops\nTOCSIN_CHECK=web-01\nTOCSIN_ID=u-1\n"
        "TOCSIN_INCIDENT=42\nTOCSIN_INSTANCE=mon-1\nTOCSIN_KIND=down\nTOCSIN_STATE=down\n"
        "TOCSIN_THREAD_KEY=web-01\nTOCSIN_THREAD_REF=\n"
        "TOCSIN_TITLE=🔴 DOWN web-01 — connection refused (127.0.0.1:8080)\n");
}

TEST_CASE("exec: its exit status decides, and its first complaint is told", "[notify]") {
  struct Row {
    std::string script;
    What what;
    std::string reason;
  };
  for (const Row& row : std::vector<Row>{
           {"exit 0", What::sent, ""},
           {"echo no >&2; exit 0", What::sent, ""},
           {"exit 75", What::later, "exit status 75"},
           {"echo 'not now\nor so' >&2; exit 75", What::later, "exit status 75: not now"},
           {"echo 'no such room' >&2; exit 1", What::rejected, "exit status 1: no such room"},
           {"printf 'a\\033[31mb' >&2; exit 64", What::rejected, "exit status 64: a [31mb"},
           {"kill -TERM $$", What::later, "killed by SIGTERM"},
       }) {
    INFO(row.script);
    const Outcome outcome = Script(row.script).send();
    CHECK(outcome.what == row.what);
    CHECK(outcome.reason == row.reason);
  }
  const Outcome leak = Script("cat >&2; exit 1", ", secrets: {token: very_secret_token}").send();
  CHECK(leak.reason == "exit status 1: (its words hold a secret and are left out)");
}

TEST_CASE("exec: one that hangs is ended with all it has started, and tried again", "[notify]") {
  Script script("sleep 600 & echo $! > \"$1\"; wait", ", timeout: 1s");
  const Outcome outcome = script.send();
  CHECK(outcome.what == What::later);
  CHECK(outcome.in_doubt);
  CHECK(outcome.reason == "ran for more than 1 s, and was killed with all it had started");
  const std::string pid = script.out().substr(0, script.out().find('\n'));
  struct stat found {};
  CHECK(eventually([&] { return stat(("/proc/" + pid).c_str(), &found) != 0; }));
}

TEST_CASE("exec: a program that is not there is told as such", "[notify]") {
  const auto notifier = load_notifier("exec", "[/no/such/program]").notifier;
  REQUIRE(notifier);
  const Outcome outcome = SendDesk().send(*notifier, a_notification(Kind::down));
  CHECK(outcome.what == What::rejected);
  CHECK(outcome.reason.find("/no/such/program") != std::string::npos);
  CHECK(outcome.reason.ends_with("; install it, or correct 'command'"));
}

TEST_CASE("exec: what it calls the thread is given back to it", "[notify]") {
  Script script(
      "echo \"$TOCSIN_THREAD_REF\" >> \"$1\"; echo hello; echo thread_ref=T-7/é; "
      "[ \"$TOCSIN_CHECK\" = web-01 ] && echo \"thread_ref=T-7\"; true");
  CHECK(script.send().thread_ref == "T-7");
  script.send(a_notification(Kind::up));
  Message other = a_message(Kind::down);
  other.check = "web-02";
  CHECK(script.send(a_notification(other, "web-02")).thread_ref.empty());
  CHECK(script.out() == "\nT-7\n\n");
}

TEST_CASE("exec: nothing that a target sent becomes a part of a command", "[notify]") {
  Script script("printf '%s' \"$#\" > \"$1\"; printf '%s' \"$TOCSIN_TITLE\" | wc -l >> \"$1\"");
  const std::string evil = "$(touch /tmp/x) `id` ; rm -rf / \" ' \n newline" + hostile_text();
  for (const Kind kind : kKinds) {
    CHECK(script.send(a_notification(hostile_message(kind, evil), evil)).what == What::sent);
    CHECK(script.out() == "10\n");
  }
}

TEST_CASE("exec: each mistake is reported", "[notify]") {
  CHECK(problem("{}") == "error: command is missing\n");
  CHECK(problem("{command: []}") == "error: command names no program\n");
  CHECK(problem("{command: bin/x}") ==
        "error: the program is an absolute path, or a name that is found in PATH\n");
  CHECK(problem("{command: \"mail -s x\"}") ==
        "error: there is no shell: write the program and each argument as an item of its own, "
        "[program, argument, …]\n");
  CHECK(problem("{command: x, environment: {\"A B\": c}}") ==
        "error: not a name of letters, digits and _: \"A B\"\n");
  CHECK(problem("{command: x, environment: {TOCSIN_KIND: c}}") ==
        "error: TOCSIN_KIND is not to be set: it follows from the message\n");
  CHECK(problem("{command: x, directory: tmp}") == "error: directory is an absolute path\n");
  CHECK(problem("{command: x, timeout: 2m}") == "error: must be between 1s and 90s; got \"2m\"\n");
  const TempDir dir;
  const std::string secret = dir.write("s", "arg_secret_1").string();
  const std::string refused = problem("{command: [x, \"${file:" + secret + "}\"]}");
  CHECK(refused.starts_with("error: "));
  CHECK(refused.find("arg_secret_1") == std::string::npos);
}

}  // namespace tocsin
