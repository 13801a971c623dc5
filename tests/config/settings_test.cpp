// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "config/fake_types.h"

using namespace tocsin;
using namespace tocsin::test;
using namespace std::chrono_literals;

namespace {

// What a check of type `everything` with these settings comes to, as its target.
std::string everything(const Folder& folder, const std::string& settings, bool resolve = true) {
  const auto file = folder.write(
      "tocsin.yaml",
      "notifiers: [{name: ops, console: {}}]\nchecks:\n  - name: a\n    everything: " + settings +
          "\n");
  const Loaded loaded = load(file, resolve);
  return loaded.config ? loaded.config->checks.at(0)->target : lines(loaded, folder.path());
}

// The value of one key in that.
std::string value(const std::string& target, const std::string& key) {
  const std::size_t at = (" " + target).find(" " + key + "=");
  if (at == std::string::npos) return "(absent)";
  const std::size_t begin = at + key.size() + 1;
  return target.substr(begin, target.find(' ', begin) - begin);
}

const char* const kMany = "notifiers: [{name: ops, console: {}}]\nchecks:\n";

}  // namespace

TEST_CASE("settings: what is absent is the fallback", "[config]") {
  const Folder folder;
  const std::string target = everything(folder, "{}");
  CHECK(value(target, "has") == "no");
  CHECK(value(target, "text") == "none");
  CHECK(value(target, "flag") == "true");
  CHECK(value(target, "integer") == "7");
  CHECK(value(target, "duration") == "1s");
  CHECK(value(target, "size") == "1024");
  CHECK(value(target, "choice") == "red");
  CHECK(value(target, "section.inner") == "deep");
  CHECK(value(target, "item") == "(absent)");
  CHECK(value(target, "each") == "(absent)");
}

TEST_CASE("settings: what is given is what comes", "[config]") {
  const Folder folder;
  const std::string target =
      everything(folder,
                 "{text: a, flag: false, integer: -10, duration: 90s, size: 1MiB, choice: green, "
                 "pattern: 'x+', list: [b, c], map: {d: 1}, section: {inner: e, more: {most: f}}, "
                 "sections: [{of: g}, {of: h}]}");
  CHECK(target.find("has=yes text=a") == 0);
  CHECK(value(target, "flag") == "false");
  CHECK(value(target, "integer") == "-10");
  CHECK(value(target, "duration") == "90s");
  CHECK(value(target, "size") == "1048576");
  CHECK(value(target, "choice") == "green");
  CHECK(value(target, "pattern") == "x+");
  CHECK(target.find("item=b item=c map.d=1 map_shown.d=1") != std::string::npos);
  CHECK(value(target, "section.inner") == "e");
  CHECK(value(target, "section.more.most") == "f");
  CHECK(target.find("each=g each=h") != std::string::npos);
}

TEST_CASE("settings: a type gets its check's own timeout", "[config]") {
  const Folder folder;
  const auto file = folder.write("a.yaml", std::string(kMany) +
                                               "  - {name: a, interval: 2s, everything: {}}\n"
                                               "  - {name: b, timeout: 3s, everything: {}}\n");
  const auto config = load(file).config;
  REQUIRE(config);
  CHECK(value(config->checks[0]->target, "timeout") == "2s");
  CHECK(value(config->checks[1]->target, "timeout") == "3s");
}

TEST_CASE("settings: references are put in, and are what people are shown", "[config]") {
  const Folder folder;
  const Environment variable("TOCSIN_TEST_HOST", "db-01");
  folder.write("token", "hunter2\n");
  const std::string target =
      everything(folder,
                 "{text: 'x${env:TOCSIN_TEST_HOST}y$$z$', with: 'a${file:token}b', "
                 "secret: '${file:token}', url: 'https://${env:TOCSIN_TEST_HOST}/${file:token}', "
                 "map: {k: '${file:token}'}}");
  CHECK(value(target, "text") == "xdb-01y$z$");
  CHECK(value(target, "with") == "ahunter2b");
  CHECK(value(target, "with_shown") == "a${file:token}b");
  CHECK(value(target, "secret") == "hunter2");
  CHECK(value(target, "url") == "https://db-01/hunter2");
  CHECK(value(target, "url_shown") == "https://${env:TOCSIN_TEST_HOST}/${file:token}");
  CHECK(value(target, "map_shown.k") == "${file:token}");
}

TEST_CASE("settings: who a URL names as user is hidden, however it came in", "[config]") {
  const Folder folder;
  const Environment variable("TOCSIN_TEST_WHO", "me:hunter2@db");
  folder.write("pass/word", "hun/ter2@x");
  const auto shown = [&](const std::string& url) {
    return value(everything(folder, "{url: \"" + url + "\", with: \"see " + url + "\"}"),
                 "url_shown");
  };
  CHECK(shown("https://me:hunter2@a.example/x?y#z") == "https://***@a.example/x?y#z");
  CHECK(shown("https://token@a.example/") == "https://***@a.example/");
  CHECK(shown("https://me:${env:TOCSIN_TEST_WHO}@a.example/") == "https://***@a.example/");
  CHECK(shown("https://a.example/@me") == "https://a.example/@me");
  // The reference brings the "@": nothing of what stands before it is shown.
  CHECK(shown("https://a:b${env:TOCSIN_TEST_WHO}/") == "***");
  const std::string with = everything(folder, "{with: \"https://a:b@c/ http://d:e@f/\"}");
  CHECK(value(with, "with_shown") == "https://***@c/");
  CHECK(with.find("http://***@f/") != std::string::npos);
}

TEST_CASE("settings: values that carry credentials are hidden by their names", "[config]") {
  const Folder folder;
  const std::string target = everything(
      folder,
      "{map: {Authorization: hunter2, x-api-key: hunter2, COOKIE: hunter2, Accept: shown}}");
  CHECK(value(target, "map.Authorization") == "hunter2");
  CHECK(value(target, "map_shown.Authorization") == "***");
  CHECK(value(target, "map_shown.x-api-key") == "***");
  CHECK(value(target, "map_shown.COOKIE") == "***");
  CHECK(value(target, "map_shown.Accept") == "shown");
}

TEST_CASE("settings: with --no-secrets references stay and are no mistakes", "[config]") {
  const Folder folder;
  const Environment unset("TOCSIN_TEST_UNSET", nullptr);
  const std::string target = everything(
      folder,
      "{text: 'x${env:TOCSIN_TEST_UNSET}', with: '${file:none}', secret: '${file:none}', "
      "url: '${credential:none}', flag: '${env:A}', integer: '${env:A}', "
      "duration: '${env:A}', size: '${env:A}', choice: '${env:A}', pattern: '${env:A}', "
      "list: ['${env:A}'], map: {a: '${file:none}'}}",
      false);
  CHECK(value(target, "text") == "x${env:TOCSIN_TEST_UNSET}");
  CHECK(value(target, "with_shown") == "${file:none}");
  CHECK(value(target, "url_shown") == "${credential:none}");
  CHECK(value(target, "integer") == "7");
  // What is wrong whatever the secret is stays a mistake.
  CHECK(everything(folder, "{text: '${vault:x}'}", false).find("unknown reference") !=
        std::string::npos);
}

TEST_CASE("settings: --no-secrets leaves no complaint about the keys that hold them", "[config]") {
  const Folder folder;
  const auto file = folder.write(
      "a.yaml",
      "web: {listen: '${env:NO_L}', read_token: '${file:no}'}\ninstance: '${env:NO_I}'\n"
      "state_dir: '${env:NO_S}'\nprobe_threads: '${env:NO_T}'\n"
      "notifiers:\n  - {name: chat, google_chat: {webhook_url: '${credential:no}'}}\n"
      "  - {name: p, fallback: '${env:NO_F}', pager: '${file:no}'}\n"
      "checks:\n  - {name: '${env:NO_N}', notify: '${env:NO_O}', depends_on: ['${env:NO_D}'], "
      "interval: '${env:NO_X}', timeout: 1m, labels: {a: '${env:NO_Y}'}, "
      "thread: '${env:NO_Z}', http: '${env:NO_U}'}\n");
  CHECK(lines(load(file, false), folder.path()).empty());
  CHECK(load(file, false).config);
  CHECK(print(file, false).find("webhook_url: ${credential:no}") != std::string::npos);
}

TEST_CASE("settings: a credential comes from the unit's folder, else from the service's",
          "[config]") {
  const Folder folder;
  folder.write("credentials/chat", "hunter2\r\n");
  const std::string where = (folder.path() / "credentials").string();
  {
    const Environment set("CREDENTIALS_DIRECTORY", where.c_str());
    CHECK(value(everything(folder, "{secret: '${credential:chat}'}"), "secret") == "hunter2");
    const std::string none = everything(folder, "{secret: '${credential:none}'}");
    CHECK(none.find("cannot read credential none in") != std::string::npos);
    CHECK(none.find("add LoadCredential=none:/path to the unit") != std::string::npos);
  }
  const Environment unset("CREDENTIALS_DIRECTORY", nullptr);
  const std::string none = everything(folder, "{secret: '${credential:tocsin-test-none}'}");
  CHECK(none.find("in /run/credentials/tocsin.service") != std::string::npos);
  CHECK(none.find("LoadCredential=tocsin-test-none:/path") != std::string::npos);
  CHECK(none.find("--no-secrets") != std::string::npos);
}

TEST_CASE("settings: a secret's file is bounded, and one line break at its end is dropped",
          "[config]") {
  const Folder folder;
  const auto with = [&](const std::string& text) {
    folder.write("secret", text);
    return everything(folder, "{with: '${file:secret}'}");
  };
  CHECK(with("a\nb\n\n").find("with=a\nb\n with_shown") != std::string::npos);
  CHECK(with(std::string(65'536, 'x')).find("with=xxx") != std::string::npos);
  CHECK(with(std::string(65'537, 'x')).find("larger than 65536 bytes") != std::string::npos);
  CHECK(with(std::string("a\0b", 3)).find("it is not a text") != std::string::npos);
  CHECK(with("\r\n").find("it is empty") != std::string::npos);
  const std::string absolute = (folder.path() / "other").string();
  folder.write("other", "hunter2");
  CHECK(value(everything(folder, "{secret: '${file:" + absolute + "}'}"), "secret") == "hunter2");
}

TEST_CASE("settings: a relative secret lies beside the file that names it", "[config]") {
  const Folder folder;
  folder.write("sub/token", "inner");
  folder.write("token", "outer");
  folder.write("sub/b.yaml", "checks: [{name: b, everything: {secret: '${file:token}'}}]\n");
  const auto file =
      folder.write("a.yaml", "include: sub/b.yaml\n" + std::string(kMany) +
                                 "  - {name: a, everything: {secret: '${file:token}'}}\n");
  const auto config = load(file).config;
  REQUIRE(config);
  CHECK(value(config->checks[0]->target, "secret") == "outer");
  CHECK(value(config->checks[1]->target, "secret") == "inner");
}

TEST_CASE("settings: addresses that only this machine reaches need no token", "[config]") {
  const Folder folder;
  const auto listen = [&](const std::string& address) {
    const auto file = folder.write(
        "a.yaml", "web: {listen: '" + address + "'}\n" + kMany + "  - {name: a, tcp: 'a:1'}\n");
    return load(file).config != nullptr;
  };
  for (const char* fine : {"127.0.0.1:8480", "127.9.9.9:0", "[::1]:8480", "localhost:8480", "",
                           "unix:/run/tocsin/web.sock", "[::ffff:127.0.0.1]:80"}) {
    INFO(fine);
    CHECK(listen(fine));
  }
  for (const char* open : {"0.0.0.0:8480", "[::]:8480", "10.0.0.1:1", "mon-1:8480",
                           "127.example.net:80", "[::ffff:10.0.0.1]:80"}) {
    INFO(open);
    CHECK_FALSE(listen(open));
  }
}
