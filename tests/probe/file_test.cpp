// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "probe/file_content.h"
#include "probe/file_glob.h"
#include "probe/machine_fixture.h"
#include "probe/own_mounts.h"
#include "support/fake_clock.h"

namespace tocsin {
namespace {

// printf hello | sha256sum
constexpr const char* kHello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

struct Fixture {
  explicit Fixture(const std::string& proc = "/proc") : loop(clock, proc) {}

  // A file that was modified so long ago.
  std::string file(const std::string& name, const std::string& text,
                   std::chrono::seconds age = std::chrono::seconds{10}) const {
    const std::string path = dir.write(name, text).string();
    const auto when = std::chrono::time_point_cast<std::chrono::seconds>(clock.wall()) - age;
    timespec times[2] = {{when.time_since_epoch().count(), 0},
                         {when.time_since_epoch().count(), 0}};
    utimensat(AT_FDCWD, path.c_str(), times, 0);
    return path;
  }
  std::string path(const std::string& name) const { return (dir.path() / name).string(); }
  Result look(const std::string& name, const std::string& more = "") {
    return loop.look("file: {path: '" + path(name) + "'" + (more.empty() ? "" : ", " + more) + "}");
  }

  SystemClock clock;
  TempDir dir;
  MachineLoop loop;
};

double value_of(const Result& result, const std::string& name) {
  for (const Metric& one : result.metrics) {
    if (one.name == name) return one.value;
  }
  return -1;
}

std::vector<std::string> walked(const std::string& pattern) {
  std::vector<std::string> out;
  std::string which;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  CHECK(walk_glob(
            pattern, until, [&](const std::string& path) { out.push_back(path); }, which) ==
        Globbed::all);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("file: one that is there is up, one that is missing is down", "[probe]") {
  Fixture f;
  f.file("a", "hello");
  CHECK(f.look("a").verdict == Verdict::up);
  CHECK(value_of(f.look("a"), "size") == 5);
  const Result missing = f.look("b");
  CHECK(missing.verdict == Verdict::down);
  CHECK(missing.reason == f.path("b") + " does not exist");
  CHECK(f.look("a/b").reason == f.path("a/b") + " does not exist");
  CHECK(make_check("file: /etc/passwd")->target == "file /etc/passwd");
}

TEST_CASE("file: one that must not be there is down when it is", "[probe]") {
  Fixture f;
  CHECK(f.look("a", "exists: false").verdict == Verdict::up);
  CHECK(f.look("*.lock", "exists: false").verdict == Verdict::up);
  f.file("a.lock", "");
  f.file("b.lock", "", std::chrono::seconds{99});
  CHECK(f.look("b.lock", "exists: false").reason == f.path("b.lock") + " exists, wanted none");
  CHECK(f.look("*.lock", "exists: false").reason ==
        f.path("a.lock") + " exists, and 1 more, wanted none");
  CHECK(f.look("no", "exists: either, max_age: 1s").verdict == Verdict::up);
  CHECK(f.look("b.lock", "exists: either, max_age: 1s").verdict == Verdict::degraded);
}

TEST_CASE("file: ages and sizes are held against their limits", "[probe]") {
  Fixture f;
  f.file("a", "hello", std::chrono::hours{30});
  CHECK(f.look("a", "max_age: 31h").verdict == Verdict::up);
  const Result old = f.look("a", "max_age: {degraded: 1h, down: 26h}");
  CHECK(old.verdict == Verdict::down);
  CHECK(old.reason == "age 1 d 6 h (" + f.path("a") + "), wanted at most 1 d 2 h");
  CHECK(f.look("a", "min_age: 2d").reason ==
        "age 1 d 6 h (" + f.path("a") + "), wanted at least 2 d");
  CHECK(f.look("a", "min_size: 5, max_size: 5").verdict == Verdict::up);
  CHECK(f.look("a", "max_size: 4").reason == "size 5 B (" + f.path("a") + "), wanted at most 4 B");
  CHECK(f.look("a", "min_size: {down: 1GB}").verdict == Verdict::down);
  CHECK(value_of(old, "age") >= 30 * 3600);
}

TEST_CASE("file: one that is dated in the future cannot pass for a fresh one", "[probe]") {
  Fixture f;
  f.file("a", "hello", -std::chrono::hours{3});
  const Result result = f.look("a", "max_age: 1h");
  CHECK(result.verdict == Verdict::degraded);
  CHECK(result.reason.find(f.path("a") + " is dated 2 h 59 min in the future") == 0);
  CHECK(f.look("a").verdict == Verdict::up);
}

TEST_CASE("file: of a pattern the newest is looked at, unless another is asked for", "[probe]") {
  Fixture f;
  f.file("db-1.gz", "1", std::chrono::hours{50});
  f.file("db-2.gz", "22222", std::chrono::hours{2});
  f.file("db-3.gz", "333", std::chrono::hours{26});
  f.file("other", "x", std::chrono::seconds{1});
  std::filesystem::create_directory(f.dir.path() / "db-4.gz");  // the newest, and no file
  CHECK(f.look("db-*.gz", "max_age: 3h, min_size: 5").verdict == Verdict::up);
  CHECK(f.look("db-*.gz", "max_age: 1h").reason ==
        "age 2 h (" + f.path("db-2.gz") + "), wanted at most 1 h");
  CHECK(f.look("db-*.gz", "which: oldest, max_age: 3h").reason ==
        "age 2 d 2 h (" + f.path("db-1.gz") + "), wanted at most 3 h");
  CHECK(f.look("db-*.gz", "which: smallest, min_size: 2").reason ==
        "size 1 B (" + f.path("db-1.gz") + "), wanted at least 2 B");
  CHECK(f.look("db-*.gz", "which: largest, max_size: 4").reason ==
        "size 5 B (" + f.path("db-2.gz") + "), wanted at most 4 B");
  CHECK(f.look("db-*.gz", "which: all, max_age: 3h").reason ==
        "age 2 d 2 h (" + f.path("db-1.gz") + ", and 1 more), wanted at most 3 h");
  CHECK(f.look("db-*.gz", "type: any, max_age: 1h").verdict == Verdict::up);
  CHECK(f.look("db-[5-9].gz").reason == "nothing matches " + f.path("db-[5-9].gz"));
}

TEST_CASE("file: the number of files that match is held against its limits", "[probe]") {
  Fixture f;
  for (int i = 0; i < 5; ++i) f.file("spool/" + std::to_string(i), "x");
  const Result many = f.look("spool/*", "max_count: {degraded: 3, down: 10}");
  CHECK(many.verdict == Verdict::degraded);
  CHECK(many.reason == "number of files that match " + f.path("spool/*") + " 5, wanted at most 3");
  CHECK(value_of(many, "count") == 5);
  CHECK(f.look("spool/*", "min_count: 6").verdict == Verdict::degraded);
  CHECK(f.look("empty/*", "exists: either, max_count: 3").verdict == Verdict::up);
  CHECK(f.look("empty/*", "exists: either, min_count: 1").verdict == Verdict::degraded);
}

TEST_CASE("file: type, owner and mode must be the wanted ones", "[probe]") {
  Fixture f;
  const std::string path = f.file("a", "hello");
  chmod(path.c_str(), 0640);
  symlink(path.c_str(), f.path("link").c_str());
  CHECK(
      f.look("a", "type: file, mode: '0640', owner: '" + std::to_string(geteuid()) + "'").verdict ==
      Verdict::up);
  CHECK(f.look("a", "mode: '0600'").reason == path + " has mode 0640, wanted 0600");
  CHECK(f.look("a", "mode: '0600'").verdict == Verdict::down);
  CHECK(f.look("a", "type: directory").reason == path + " is a file, wanted a directory");
  CHECK(f.look("link", "type: file").verdict == Verdict::up);
  CHECK(f.look("link", "type: symlink").verdict == Verdict::up);
  CHECK(f.look("a", "type: symlink").verdict == Verdict::down);
  CHECK(f.look("a", "owner: '4242'").reason.find(path + " belongs to user ") == 0);
  CHECK(f.look("a", "group: '4242'").reason.find(", wanted 4242") != std::string::npos);
  CHECK(probe("file: {path: /dev/null, type: character}").verdict == Verdict::up);
}

TEST_CASE("file: what its last bytes must hold, and must not, is looked for", "[probe]") {
  Fixture f;
  const std::string path = f.file("log", "start\nERROR disk on fire\nimported 5 rows\nfinished\n");
  CHECK(f.look("log", "contains: finished, matches: 'imported \\d+ rows'").verdict == Verdict::up);
  CHECK(f.look("log", "contains: done").reason == path + " does not contain \"done\"");
  CHECK(f.look("log", "matches: '^imported'").reason == path + " has no match of /^imported/");
  CHECK(f.look("log", "not_contains: fire").reason ==
        path + " contains \"fire\": \"ERROR disk on fire\"");
  CHECK(f.look("log", "not_matches: '(?i)error'").reason ==
        path + " has a match of /(?i)error/: \"ERROR disk on fire\"");
  CHECK(f.look("log", "not_matches: '(?i)error', read_last: 20").verdict == Verdict::up);
  CHECK(f.look("log", "contains: start, read_last: 20").verdict == Verdict::down);
}

TEST_CASE("file: what a hostile file holds is made fit for people", "[probe]") {
  Fixture f;
  f.file("log", std::string("a\0\x1b[31mERROR \xff\r\n", 16));
  const std::string reason = f.look("log", "not_matches: ERROR").reason;
  CHECK(reason.find('\x1b') == std::string::npos);
  CHECK(reason.find("ERROR \xEF\xBF\xBD") != std::string::npos);
}

TEST_CASE("file: a kernel file, which says that it is empty, is read all the same", "[probe]") {
  CHECK(probe("file: {path: /proc/loadavg, matches: '^\\d+\\.'}").verdict == Verdict::up);
}

TEST_CASE("file: a checksum must be the wanted one, given or in a file of sums", "[probe]") {
  Fixture f;
  const std::string path = f.file("a", "hello");
  const std::string sums = f.file("sums", std::string(kHello) + "  " + path + "\n");
  CHECK(f.look("a", std::string("sha256: ") + kHello).verdict == Verdict::up);
  CHECK(f.look("a", "sha256_file: " + sums).verdict == Verdict::up);
  f.file("a", "Hello");
  const Result wrong = f.look("a", std::string("sha256: ") + kHello);
  CHECK(wrong.verdict == Verdict::down);
  CHECK(wrong.reason == path + " has the SHA-256 185f8db32271…, wanted 2cf24dba5fb0…");
  CHECK(f.look("a", "sha256_file: " + sums).verdict == Verdict::down);
  f.file("sums", "nothing\n");
  const Result none = f.look("a", "sha256_file: " + sums);
  CHECK(none.verdict == Verdict::unknown);
  CHECK(none.reason == path + ": sha256_file " + sums + " has no checksum of this file");
  CHECK(f.look("a", "sha256_file: /no/such").reason ==
        path + ": sha256_file /no/such cannot be read: No such file or directory");
}

TEST_CASE("file: sums are found by the full name, the last part, or alone", "[probe]") {
  const std::string a(64, 'a');
  const std::string b(64, 'b');
  CHECK(sum_for(a + "  x.gz\n" + b + " */d/x.gz\n", "/d/x.gz") == b);
  CHECK(sum_for(a + "  x.gz\n" + b + "  y.gz\n", "/d/x.gz") == a);
  CHECK(sum_for(std::string(64, 'A') + "\n", "/d/x.gz") == a);
  CHECK(sum_for(a + "  y.gz\n", "/d/x.gz").empty());
  CHECK(sum_for("", "/d/x.gz").empty());
  CHECK_FALSE(is_sha256(std::string(63, 'a')));
  CHECK_FALSE(is_sha256(std::string(64, 'g')));
}

TEST_CASE("file: a change of the content is told for a while, a touch is none", "[probe]") {
  Fixture f;
  const std::string path = f.file("a", "one");
  const std::string keys = "unchanged_for: {degraded: 1h}";
  // Nothing is remembered: its change time is all there is.
  const Result first = f.look("a", keys);
  CHECK(first.verdict == Verdict::degraded);
  CHECK(first.reason.find(path + " changed ") == 0);
  CHECK(first.reason.find(" ago, wanted at least 1 h") != std::string::npos);
  CHECK(f.look("a", "unchanged_for: 1ms").verdict == Verdict::up);
}

TEST_CASE("file: a content that stays is not read again, and not changed by a touch", "[probe]") {
  Fixture f;
  const std::string path = f.file("a", "one");
  FileQuery query;
  query.path = path;
  query.hash = true;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  const FileLook before = look_at_files(query, "/proc", until);
  REQUIRE(before.files.size() == 1);
  query.remembered = FileMemory{before.files[0].identity, "remembered", {}};
  CHECK(look_at_files(query, "/proc", until).files[0].sha256 == "remembered");
  f.file("a", "two");
  CHECK(look_at_files(query, "/proc", until).files[0].sha256 ==
        "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3");

  CheckHistory& history = f.loop.processes().history(1);
  f.look("a", "unchanged_for: 1h");
  REQUIRE(history.file);
  // A day ago it was the same already.
  history.file->content_since = f.clock.wall() - std::chrono::hours{24};
  f.file("a", "two", std::chrono::seconds{1});  // touched
  CHECK(f.look("a", "unchanged_for: 1h").verdict == Verdict::up);
  f.file("a", "three");
  CHECK(f.look("a", "unchanged_for: 1h").verdict == Verdict::degraded);
}

TEST_CASE("file: pipes, sockets and devices are not opened", "[probe]") {
  Fixture f;
  REQUIRE(mkfifo(f.path("fifo").c_str(), 0600) == 0);
  const Result result = f.look("fifo", "contains: x");
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == f.path("fifo") + " is a fifo: it is not read");
  CHECK(f.look("fifo", "type: fifo").verdict == Verdict::up);
  f.file("sums", "x");
  CHECK(f.look("sums", "sha256_file: '" + f.path("fifo") + "'").verdict == Verdict::unknown);
}

TEST_CASE("file: a checksum that takes longer than the timeout is our own trouble", "[probe]") {
  Fixture f;
  FileQuery query;
  query.path = f.file("a", "hello");
  query.hash = true;
  FileFacts facts;
  facts.path = query.path;
  read_content(query, std::chrono::steady_clock::now() - Millis{1}, facts);
  CHECK(facts.sha256.empty());
  CHECK(facts.trouble == "its checksum takes longer than the timeout; raise it");
}

TEST_CASE("file: one on a file system that does not answer is down", "[probe]") {
  Fixture f;
  if (!have_own_mounts()) return;
  std::filesystem::create_directory(f.dir.path() / "dead");
  const DeadMount dead(f.dir.path() / "dead");
  if (!dead.mounted()) return;
  const CheckPtr check = make_check("timeout: 300ms, file: " + f.path("dead/x"));
  CHECK(f.loop.look(check).reason.find(f.path("dead/x") + " did not answer within ") == 0);
  CHECK(f.loop.look(check).reason ==
        f.path("dead/x") + " still does not answer: an earlier look hangs");
  CHECK(f.loop.look(check).verdict == Verdict::down);
}

TEST_CASE("file: what we may not see is unknown", "[probe]") {
  Fixture f;
  f.file("hidden/a", "hello");
  f.file("a", "hello");
  chmod(f.path("hidden").c_str(), 0);
  chmod(f.path("a").c_str(), 0);
  chmod(f.dir.path().c_str(), 0755);
  {
    const AsNobody nobody;
    const Result result = f.look("hidden/a");
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason.find(f.path("hidden/a") + " cannot be looked at: permission denied") == 0);
    CHECK(f.look("hidden/*").reason ==
          f.path("hidden/*") + ": the folder " + f.path("hidden") + " may not be read");
    CHECK(f.look("a", "contains: hello").reason ==
          f.path("a") + ": it cannot be read: Permission denied");
    CHECK(f.look("a", "contains: hello").verdict == Verdict::unknown);
    CHECK(f.look("a").verdict == Verdict::up);
  }
  chmod(f.path("hidden").c_str(), 0700);
}

TEST_CASE("file: what the unit's sandbox hides is unknown, not missing", "[probe]") {
  const TempDir proc;
  proc.write("self/mountinfo",
             "1 0 8:1 / / rw - ext4 a rw\n"
             "2 1 0:25 /systemd/inaccessible/dir /home rw - tmpfs tmpfs rw\n");
  Fixture f(proc.path().string());
  const Result result = f.loop.look("file: /home/me/backup");
  CHECK(result.verdict == Verdict::unknown);
  CHECK(result.reason.find("/home/me/backup is hidden by the unit's sandbox") == 0);
  CHECK(f.loop.look("file: /home/*/backup").verdict == Verdict::unknown);
  CHECK(f.loop.look("file: /etc/passwd").verdict == Verdict::up);
}

TEST_CASE("file: a pattern fits as glob(7) says", "[probe]") {
  const TempDir dir;
  for (const char* name : {"a/1.gz", "a/2.gz", "b/1.gz", "b/.hidden.gz", "c[1]", "d\\e"}) {
    dir.write(name, "");
  }
  const std::string at = dir.path().string() + "/";
  CHECK(walked(at + "*/1.gz") == std::vector<std::string>{at + "a/1.gz", at + "b/1.gz"});
  CHECK(walked(at + "?/[2-9].gz") == std::vector<std::string>{at + "a/2.gz"});
  CHECK(walked(at + "b/*.gz") == std::vector<std::string>{at + "b/1.gz"});
  CHECK(walked(at + "b/.*.gz") == std::vector<std::string>{at + "b/.hidden.gz"});
  CHECK(walked(at + "*/\\1.gz").size() == 2);
  CHECK(walked(at + "no/*/x").empty());
  CHECK(has_glob("/a/b*"));
  CHECK_FALSE(has_glob("/c\\[1]"));
  CHECK(without_escapes("/c\\[1]") == "/c[1]");
  CHECK(fixed_part("/backup/x/*/y.gz") == "/backup/x");
  CHECK(fixed_part("/backup/x") == "/backup/x");
  CHECK(fixed_part("/*").empty());
  CHECK(probe("file: '" + at + "c\\[1]'").verdict == Verdict::up);
}

TEST_CASE("file: a walk ends at its deadline", "[probe]") {
  const TempDir dir;
  dir.write("a", "");
  std::string which;
  const auto nothing = [](const std::string&) {};
  CHECK(walk_glob(dir.path().string() + "/*", std::chrono::steady_clock::now() - Millis{1}, nothing,
                  which) == Globbed::too_late);
}

TEST_CASE("file: each mistake in its keys is told", "[probe]") {
  const auto told = [](const std::string& keys) { return problems_of("file: " + keys); };
  CHECK(told("{}") == "error: 'path' is needed: a file, or a pattern such as /backup/*.gz\n");
  CHECK(told("backup.gz") == "error: not an absolute path\n");
  CHECK(told("{path: /x, exists: maybe}").find("error: one of true, false, either expected") == 0);
  CHECK(told("{path: /x, exists: false, max_age: 1h}") ==
        "error: nothing can be asked of a file that must not exist\n");
  CHECK(told("{path: /x, exists: false, contains: y}") ==
        "error: nothing can be asked of a file that must not exist\n");
  CHECK(told("{path: /x, which: oldest}") == "error: only with a pattern in 'path'\n");
  CHECK(told("{path: /x, max_count: 5}") == "error: only with a pattern in 'path'\n");
  CHECK(told("{path: '/x*', unchanged_for: 1h}") ==
        "error: only for one file, not for a pattern\n");
  CHECK(told("{path: /x, type: directory, contains: y}") ==
        "error: only a plain file has content that is looked at\n");
  CHECK(told("{path: /x, type: fifo, unchanged_for: 1h}") ==
        "error: only a plain file has a checksum\n");
  CHECK(told("{path: /x, sha256: abc}") ==
        "error: 64 hex digits expected, as sha256sum(1) writes them\n");
  CHECK(told("{path: /x, sha256_file: y}") == "error: not an absolute path\n");
  CHECK(told(std::string("{path: /x, sha256_file: /y, sha256: ") + kHello + "}") ==
        "error: either this or 'sha256'\n");
  for (const char* mode : {"0648", "rw-r--r--", "77777", "-1"}) {
    INFO(mode);
    CHECK(told("{path: /x, mode: '" + std::string(mode) + "'}") ==
          "error: octal permissions expected, such as 0640; got \"" + std::string(mode) + "\"\n");
  }
  CHECK(told("{path: /x, owner: no-such-user, group: no-such-group}") ==
        "warning: there is no such user here now\nwarning: there is no such group here now\n");
  CHECK(told("{path: /x, matches: '('}").find("error: RE2 pattern expected") == 0);
  CHECK(told("{path: /x, max_age: 26}") ==
        "error: duration expected, such as 30s or 5m; got \"26\"\n");
  CHECK(told("{path: /x, max_size: 90%}") ==
        "error: size expected, such as 500MB or 2GiB; got \"90%\"\n");
}

}  // namespace tocsin
