// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <string>

#include "notify/notify_fixture.h"
#include "support/child.h"
#include "support/temp_dir.h"

namespace tocsin {
namespace {

using What = Outcome::What;

std::shared_ptr<const Notifier> file_notifier(const std::string& path,
                                              const std::string& more = "") {
  const LoadedNotifier loaded = load_notifier("file", "{path: '" + path + "'" + more + "}");
  INFO(loaded.all_problems());
  REQUIRE(loaded.notifier);
  return loaded.notifier;
}

Outcome send(const std::string& path) {
  return SendDesk().send(*file_notifier(path), a_notification(Kind::down));
}

std::ptrdiff_t lines_in(const std::string& path) {
  const std::string text = read_file(path);
  return std::count(text.begin(), text.end(), '\n');
}

}  // namespace

TEST_CASE("file: a message is a line of JSON", "[notify]") {
  const TempDir dir;
  const std::string path = dir.path() / "told";
  const auto notifier = file_notifier(path);
  SendDesk desk;
  const std::string evil = "\n\r\n{\"a\":1}\n" + hostile_text();
  for (const Kind kind : kKinds) {
    CHECK(desk.send(*notifier, a_notification(hostile_message(kind, evil), evil)).what ==
          What::sent);
  }
  CHECK(lines_in(path) == static_cast<std::ptrdiff_t>(std::size(kKinds)));
  std::istringstream lines(read_file(path));
  for (const Kind kind : kKinds) {
    std::string line;
    REQUIRE(std::getline(lines, line));
    const auto it = Poco::JSON::Parser().parse(line).extract<Poco::JSON::Object::Ptr>();
    CHECK(it->getValue<std::string>("kind") == to_string(kind));
  }
  struct stat found {};
  REQUIRE(stat(path.c_str(), &found) == 0);
  CHECK((found.st_mode & 0137U) == 0);
}

TEST_CASE("file: a rotated file is not written to any more", "[notify]") {
  const TempDir dir;
  const std::string path = dir.path() / "told";
  send(path);
  std::filesystem::rename(path, path + ".1");
  send(path);
  CHECK(lines_in(path) == 1);
  CHECK(lines_in(path + ".1") == 1);
}

TEST_CASE("file: a line that a crash cut short is ended first", "[notify]") {
  const TempDir dir;
  const std::string path = dir.write("told", "{\"id\": \"half").string();
  CHECK(send(path).what == What::sent);
  CHECK(read_file(path).starts_with("{\"id\": \"half\n{\"id\":\""));
  CHECK(lines_in(path) == 2);
}

TEST_CASE("file: several at once keep their lines", "[notify]") {
  const TempDir dir;
  const std::string path = dir.path() / "told";
  std::vector<Notification> many(20, a_notification(Kind::down));
  for (const Outcome& outcome : SendDesk().send_all(*file_notifier(path), many)) {
    CHECK(outcome.what == What::sent);
  }
  CHECK(lines_in(path) == 20);
}

TEST_CASE("file: a full disk is later, and leaves no half of a line", "[notify]") {
  // No file of this process may grow beyond that: the same to a writer as a full disk, and nothing
  // of the machine is filled.
  const TempDir dir;
  const std::string before = std::string(1000, 'x') + "\n";
  const std::string path = dir.write("told", before).string();
  const auto notifier = file_notifier(path);
  SendDesk desk;
  rlimit usual{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &usual) == 0);
  const auto old = signal(SIGXFSZ, SIG_IGN);
  Outcome outcome;
  for (const rlim_t most : {before.size() + 100, before.size()}) {
    const rlimit tight{most, usual.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &tight) == 0);
    outcome = desk.send(*notifier, a_notification(Kind::down));
    setrlimit(RLIMIT_FSIZE, &usual);
    CHECK(outcome.what == What::later);
    CHECK(outcome.reason.starts_with(path + " cannot be written: "));
    CHECK(read_file(path) == before);
  }
  signal(SIGXFSZ, old);
  CHECK(desk.send(*notifier, a_notification(Kind::down)).what == What::sent);
  CHECK(lines_in(path) == 2);
}

TEST_CASE("file: what cannot be written to is told, and what to do", "[notify]") {
  const TempDir dir;
  const std::string folder = dir.path();
  const Outcome is_folder = send(folder);
  CHECK(is_folder.what == What::rejected);
  CHECK(is_folder.reason == folder + " cannot be opened: Is a directory");
  CHECK(send(folder + "/no/such").what == What::later);
  CHECK(send(folder + "/no/such").reason ==
        folder + "/no/such cannot be opened: No such file or directory (its folder is not there)");
  REQUIRE(mkfifo((folder + "/pipe").c_str(), 0600) == 0);
  CHECK(send(folder + "/pipe").reason == folder + "/pipe is no regular file");
  if (geteuid() == 0) {
    WARN("root may write everywhere: rights are not tested");
    return;
  }
  dir.write("locked", "");
  REQUIRE(chmod((folder + "/locked").c_str(), 0400) == 0);
  const Outcome locked = send(folder + "/locked");
  CHECK(locked.what == What::rejected);
  CHECK(locked.reason == folder +
                             "/locked cannot be opened: Permission denied (may Tocsin's user write "
                             "there, and does the unit have it in ReadWritePaths=?)");
}

TEST_CASE("file: each mistake is reported", "[notify]") {
  const auto problem = [](const std::string& settings) {
    const std::string all = load_notifier("file", settings).all_problems();
    const auto at = all.find(": ");
    return at == std::string::npos ? all : all.substr(at + 2);
  };
  CHECK(problem("{}") == "error: path is missing: the file to write to\n");
  CHECK(problem("told") == "error: path is the absolute path of a file\n");
  CHECK(problem("/tmp/") == "error: path is the absolute path of a file\n");
  CHECK(problem("/no/such/told") == "warning: its folder is not there now\n");
  for (const std::string mode : {"\"\"", "\"0999\"", "\"0440\"", "\"01777\"", "rw"}) {
    CHECK(problem("{path: /tmp/told, mode: " + mode + "}") ==
          "error: mode is octal, in quotes, and lets its owner read and write: \"0640\"\n");
  }
}

}  // namespace tocsin
