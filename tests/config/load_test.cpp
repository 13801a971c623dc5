// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <thread>

#include "config/fake_types.h"
#include "config/files.h"

using namespace tocsin;
using namespace tocsin::test;
using namespace std::chrono_literals;

namespace {

const char* const kOps = "notifiers: [{name: ops, console: {}}]\n";

std::shared_ptr<const Config> config_of(const Folder& folder, const std::string& text) {
  const Loaded loaded = load(folder.write("tocsin.yaml", text));
  INFO(lines(loaded, folder.path()));
  REQUIRE(loaded.config);
  return loaded.config;
}

std::string problems_of(const Folder& folder, const std::string& text) {
  return lines(load(folder.write("tocsin.yaml", text)), folder.path());
}

}  // namespace

TEST_CASE("load: the daemon's own settings have their defaults", "[config]") {
  const Folder folder;
  const Environment state("STATE_DIRECTORY", "/var/lib/tocsin:/var/lib/other");
  const auto config = config_of(folder, std::string(kOps) + "checks: [{name: a, tcp: 'a:1'}]\n");
  std::array<char, 256> host{};
  REQUIRE(::gethostname(host.data(), host.size() - 1) == 0);
  CHECK(config->instance == host.data());
  CHECK(config->state_dir == "/var/lib/tocsin");
  CHECK(config->log.level == "info");
  CHECK(config->log.format == "text");
  CHECK(config->web.listen == "127.0.0.1:8480");
  CHECK(config->web.read_token.empty());
  CHECK(config->probe_threads == 1);
  CHECK(config->storm_threshold == 20);
  CHECK(config->own_notify == std::vector<std::string>{"ops"});
}

TEST_CASE("load: the state directory is systemd's, else the user's", "[config]") {
  const Folder folder;
  const std::string text = std::string(kOps) + "checks: [{name: a, tcp: 'a:1'}]\n";
  const Environment state("STATE_DIRECTORY", nullptr);
  {
    const Environment xdg("XDG_STATE_HOME", "/home/x/state");
    CHECK(config_of(folder, text)->state_dir == "/home/x/state/tocsin");
  }
  const Environment xdg("XDG_STATE_HOME", nullptr);
  {
    const Environment home("HOME", "/home/x");
    CHECK(config_of(folder, text)->state_dir == "/home/x/.local/state/tocsin");
  }
  const Environment home("HOME", nullptr);
  if (::geteuid() == 0) {
    CHECK(config_of(folder, text)->state_dir == "/var/lib/tocsin");
  } else {
    CHECK(problems_of(folder, text).find("add \"state_dir: /path\"") != std::string::npos);
  }
  CHECK(config_of(folder, text + "state_dir: /srv/t\n")->state_dir == "/srv/t");
}

TEST_CASE("load: an inherited timeout is clamped to the interval, as are the built-in ones",
          "[config]") {
  const Folder folder;
  const auto built_in = config_of(folder, std::string(kOps) +
                                              "checks:\n  - {name: a, interval: 2s, tcp: 'a:1'}\n"
                                              "  - {name: b, interval: 1m, tcp: 'a:1'}\n");
  CHECK(built_in->checks[0]->timing.timeout == 2s);
  CHECK(built_in->checks[0]->timing.retry_interval == 2s);
  CHECK(built_in->checks[1]->timing.timeout == 10s);
  CHECK(built_in->checks[1]->timing.retry_interval == 5s);
  const auto inherited =
      config_of(folder, std::string(kOps) +
                            "defaults: {timeout: 20s, retry_interval: 15s}\n"
                            "checks:\n  - {name: a, interval: 12s, tcp: 'a:1'}\n"
                            "  - {name: b, interval: 12s, timeout: 12s, tcp: 'a:1'}\n"
                            "  - {name: c, tcp: 'a:1'}\n");
  CHECK(inherited->checks[0]->timing.timeout == 12s);
  CHECK(inherited->checks[0]->timing.retry_interval == 12s);
  CHECK(inherited->checks[1]->timing.timeout == 12s);
  CHECK(inherited->checks[2]->timing.timeout == 20s);
  CHECK(inherited->checks[2]->timing.retry_interval == 15s);
}

TEST_CASE("load: threads are the name's, an incident's or a text's", "[config]") {
  const Folder folder;
  const auto config = config_of(folder, std::string(kOps) +
                                            "defaults: {thread: shared}\nchecks:\n"
                                            "  - {name: a, tcp: 'a:1'}\n"
                                            "  - {name: b, thread: incident, tcp: 'a:1'}\n"
                                            "  - {name: c, thread: check, tcp: 'a:1'}\n");
  CHECK(config->checks[0]->thread == "shared");
  CHECK(config->checks[1]->thread.empty());
  CHECK(config->checks[1]->thread_per_incident);
  CHECK(config->checks[2]->thread.empty());
  CHECK_FALSE(config->checks[2]->thread_per_incident);
}

TEST_CASE("load: equal lists of notifiers are one list", "[config]") {
  const Folder folder;
  const auto config = config_of(
      folder,
      "notifiers: [{name: ops, console: {}}, {name: dev, console: {}}]\n"
      "defaults: {notify: ops}\nchecks:\n  - {name: a, tcp: 'a:1'}\n"
      "  - {name: b, notify: [ops], tcp: 'a:1'}\n  - {name: c, notify: dev, tcp: 'a:1'}\n");
  CHECK(config->checks[0]->notify == config->checks[1]->notify);
  CHECK(*config->checks[2]->notify == std::vector<std::string>{"dev"});
  CHECK(config->own_notify == std::vector<std::string>{"ops"});
}

TEST_CASE("load: without a default, everyone whom a check names is told of the daemon's troubles",
          "[config]") {
  const Folder folder;
  const auto config = config_of(
      folder,
      "notifiers: [{name: a, console: {}}, {name: b, console: {}}, {name: c, console: {}}]\n"
      "checks:\n  - {name: x, notify: [c], tcp: 'a:1'}\n  - {name: y, notify: a, tcp: 'a:1'}\n");
  CHECK(config->own_notify == std::vector<std::string>{"a", "c"});
}

TEST_CASE("load: a file that is not there or is no file is told of by name", "[config]") {
  const Folder folder;
  CHECK(lines(load(folder.path() / "none.yaml"), folder.path()) ==
        "none.yaml: error: cannot read the file: no such file or directory\n");
  std::filesystem::create_directory(folder.path() / "d");
  CHECK(lines(load(folder.path() / "d"), folder.path()) ==
        "d: error: cannot read the file: it is a directory\n");
  const std::string pipe = (folder.path() / "pipe").string();
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(lines(load(pipe), folder.path()) ==
        "pipe: error: cannot read the file: it is not a regular file\n");
}

TEST_CASE("load: a relative path is told of as it was given", "[config]") {
  const Loaded loaded = load("no/such/tocsin.yaml");
  REQUIRE(loaded.problems.size() == 1);
  CHECK(loaded.problems[0].file == "no/such/tocsin.yaml");
}

TEST_CASE("load: a file too large, or too many values, is refused", "[config]") {
  const Folder folder;
  folder.write("large.yaml", "");
  std::filesystem::resize_file(folder.path() / "large.yaml", (std::uintmax_t{32} << 20U) + 1);
  CHECK(
      lines(load(folder.path() / "large.yaml"), folder.path()).find("larger than 33554432 bytes") !=
      std::string::npos);
  // Each `<<` copies a thousand entries: a merge bomb.
  std::string keys;
  for (int i = 0; i < 1000; ++i) keys += "k" + std::to_string(i) + ": 1, ";
  std::string text = "defaults: &d {" + keys + "}\nchecks:\n";
  for (int i = 0; i < 2100; ++i) text += "  - <<: *d\n";
  CHECK(problems_of(folder, text).find("with its aliases expanded") != std::string::npos);
}

TEST_CASE("load: what aliases expand to is bounded over all files together", "[config]") {
  const Folder folder;
  std::string text = "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n";
  for (char c = 'b'; c <= 'f'; ++c) {  // a million values
    const std::string one = std::string("*") + static_cast<char>(c - 1) + ", ";
    text += std::string(1, c) + ": &" + c + " [" + one + one + one + one + one + one + one + one +
            one + one + "]\n";
  }
  folder.write("x.yaml", text);
  CHECK(problems_of(folder, "include: [x.yaml]\n").find("expanded") == std::string::npos);
  folder.write("y.yaml", text);
  CHECK(problems_of(folder, "include: [x.yaml, y.yaml]\n").find("expanded") != std::string::npos);
}

TEST_CASE("load: problems are kept to a bound, and the rest is counted", "[config]") {
  const Folder folder;
  std::string text = std::string(kOps) + "checks:\n";
  for (int i = 0; i < 5000; ++i) text += "  - {name: c" + std::to_string(i) + ", tcpp: 'a:1'}\n";
  const Loaded loaded = load(folder.write("a.yaml", text));
  REQUIRE(loaded.problems.size() == 1001);
  CHECK(loaded.problems.back().text().find("and 4000 more problems") != std::string::npos);
  CHECK_FALSE(loaded.config);
}

TEST_CASE("load: an error is never lost among warnings", "[config]") {
  const Folder folder;
  std::string text = std::string(kOps) + "checks:\n";
  for (int i = 0; i < 1500; ++i) {
    text += "  - {name: c" + std::to_string(i) + ", everything: {text: loud}}\n";
  }
  const std::string got = problems_of(folder, text + "  - {name: c0, tcp: 'a:1'}\n");
  CHECK(got.find("duplicate check \"c0\"") != std::string::npos);
}

TEST_CASE("load: a long chain of dependencies is no cycle", "[config]") {
  const Folder folder;
  std::string text = std::string(kOps) + "checks:\n";
  for (int i = 0; i < 3000; ++i) {
    text += "  - {name: c" + std::to_string(i) + ", depends_on: c" + std::to_string(i + 1) +
            ", tcp: 'a:1'}\n";
  }
  CHECK(problems_of(folder, text + "  - {name: c3000, tcp: 'a:1'}\n").empty());
  CHECK(problems_of(folder, text + "  - {name: c3000, depends_on: c0, tcp: 'a:1'}\n")
            .find("check depends on itself: \"c0\" → \"c1\"") != std::string::npos);
}

TEST_CASE("load: globs match as a shell's do", "[config]") {
  const Folder folder;
  for (const char* name : {"b.yaml", "a.yaml", ".c.yaml", "a.yml", "d/x.yaml", "e/x.yaml"})
    folder.write(name, "");
  const std::string base = folder.path().string();
  const auto expand = [&](const std::string& pattern) {
    std::string error;
    std::vector<std::string> out = expand_glob(base, pattern, error);
    CHECK(error.empty());
    for (std::string& path : out) path.erase(0, base.size() + 1);
    return out;
  };
  using List = std::vector<std::string>;
  CHECK(expand("*.yaml") == List{"a.yaml", "b.yaml"});
  CHECK(expand("*/x.yaml") == List{"d/x.yaml", "e/x.yaml"});
  CHECK(expand("[de]/*") == List{"d/x.yaml", "e/x.yaml"});
  CHECK(expand("?.yml") == List{"a.yml"});
  CHECK(expand(".*.yaml") == List{".c.yaml"});
  CHECK(expand("none/*.yaml").empty());
  CHECK(expand("a.yaml/*").empty());
  std::string error;
  CHECK(expand_glob("", base + "/*.yml", error) == List{base + "/a.yml"});
}

TEST_CASE("load: a folder that cannot be read is an error", "[config]") {
  if (::geteuid() == 0) {
    WARN("root reads every folder: not tested");
    return;
  }
  const Folder folder;
  folder.write("closed/a.yaml", "");
  std::filesystem::permissions(folder.path() / "closed", std::filesystem::perms::none);
  const std::string got = problems_of(folder, "include: closed/*.yaml\n");
  std::filesystem::permissions(folder.path() / "closed", std::filesystem::perms::owner_all);
  CHECK(got.find("cannot read folder") != std::string::npos);
}

TEST_CASE("load: a folder whose name looks like a pattern is only a folder", "[config]") {
  const Folder folder;
  folder.write("[x]*/checks.d/b.yaml", "checks: [{name: b, tcp: 'a:1'}]\n");
  const auto file = folder.write("[x]*/a.yaml", "include: checks.d/*.yaml\n" + std::string(kOps));
  const auto config = load(file).config;
  REQUIRE(config);
  CHECK(config->checks.size() == 1);
}

TEST_CASE("load: two loads at once do not disturb each other", "[config]") {
  const Folder folder;
  folder.write("token", "hunter2");
  std::string text = std::string(kOps) + "checks:\n";
  for (int i = 0; i < 200; ++i) {
    text += "  - {name: c" + std::to_string(i) + ", everything: {secret: '${file:token}'}}\n";
  }
  const auto file = folder.write("a.yaml", text);
  std::array<std::size_t, 4> found{};
  std::array<std::thread, 4> threads;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    threads[i] = std::thread([&, i] {
      const auto config = load(file).config;
      found[i] = config ? config->checks.size() : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(found == std::array<std::size_t, 4>{200, 200, 200, 200});
}

TEST_CASE("load: the web side alone is found, whatever else is wrong", "[config]") {
  const Folder folder;
  const Environment unset("TOCSIN_TEST_UNSET", nullptr);
  folder.write("token", "an-admin-token-of-our-own\n");
  const auto file = folder.write(
      "tocsin.yaml",
      "include: [broken.yaml]\nnonsense: 1\nnotifiers: [{name: ops, google_chat: {webhook_url: "
      "\"${env:TOCSIN_TEST_UNSET}\"}}]\nweb: {listen: 'unix:/run/x.sock', admin_token: "
      "'${file:token}', read_token: '${env:TOCSIN_TEST_UNSET}'}\nchecks: 7\n");
  folder.write("broken.yaml", "checks: [");
  const LoadedWeb loaded = load_web(file);
  CHECK(loaded.found);
  CHECK(loaded.web.listen == "unix:/run/x.sock");
  CHECK(loaded.web.admin_token.reveal() == "an-admin-token-of-our-own");
  CHECK(loaded.web.read_token.empty());
  for (const Problem& problem : loaded.problems) {
    CHECK(problem.text().find("google_chat") == std::string::npos);
    CHECK(problem.text().find("nonsense") == std::string::npos);
  }
  CHECK(loaded.problems.size() == 2);  // the file that is broken, the token that is not there
  CHECK(load_web(folder.write("plain.yaml", "checks: []\n")).web.listen == "127.0.0.1:8480");
  CHECK_FALSE(load_web(folder.path() / "nowhere.yaml").found);
  CHECK(load_web(folder.path() / "nowhere.yaml").problems.size() == 1);
}
