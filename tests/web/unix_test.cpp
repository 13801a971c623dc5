// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors

// The unix socket: its file, and who is at its other end.

#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "web/client.h"
#include "web/listen.h"
#include "web/site.h"

using namespace tocsin;
namespace fs = std::filesystem;

namespace {

Response say_body(const Request& request, const Services&) {
  return Response{200, std::string(kJson), request.body, {}};
}

constexpr Route kPostRoutes[] = {{"POST", "/steer", Access::steer, say_body}};

Reply answer_to(const std::string& address, std::string_view bytes) {
  Client client(address);
  client.send(bytes);
  return parse_reply(client.read_all().value_or(""));
}

// A directory of one test's own, gone at its end.
struct Directory {
  Directory() {
    std::string name = (fs::temp_directory_path() / "tocsin-web-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Directory() { fs::remove_all(path); }
  fs::path path;
};

}  // namespace

TEST_CASE("server: the unix socket is 0660, goes with the server, and lets its own steer",
          "[web]") {
  Directory directory;
  const std::string path = (directory.path / "web.sock").string();
  {
    ServedSite site("unix:" + path, kPostRoutes);
    CHECK(site.address == "unix:" + path);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK(S_ISSOCK(status.st_mode));
    CHECK((status.st_mode & 0777) == 0660);
    const Reply reply = answer_to(site.address,
                                  "POST /steer HTTP/1.1\r\nHost: localhost\r\n"
                                  "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    CHECK(reply.status == 200);
    CHECK(reply.body == "{}");
  }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("server: clears away a dead socket, and nothing else", "[web]") {
  Directory directory;
  const std::string path = (directory.path / "web.sock").string();
  SECTION("what a killed daemon left behind") {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int left = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ::close(left);
    REQUIRE(fs::exists(path));
    ServedSite site("unix:" + path);
    CHECK(fetch(site.address, "/healthz").status == 200);
  }
  SECTION("not one that lives") {
    ServedSite first("unix:" + path);
    CHECK_THROWS_WITH(ServedSite("unix:" + path),
                      Catch::Contains(path) && Catch::Contains("another process listens"));
    CHECK(fetch(first.address, "/healthz").status == 200);
  }
  SECTION("not a file") {
    ::close(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    CHECK_THROWS_WITH(ServedSite("unix:" + path), Catch::Contains("no socket"));
    CHECK(fs::exists(path));
  }
  SECTION("not the one that a successor has put there") {
    std::optional<ServedSite> site(std::in_place, "unix:" + path);
    fs::rename(path, path + ".old");
    ::close(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    site.reset();
    CHECK(fs::exists(path));
  }
  SECTION("a path too long for a socket is told") {
    CHECK_THROWS_WITH(ServedSite("unix:/tmp/" + std::string(200, 'a')),
                      Catch::Contains("107 bytes"));
  }
}

TEST_CASE("server: a port that is taken is told by its address", "[web]") {
  ServedSite first;
  const std::string listen = first.address.substr(7);
  CHECK_THROWS_WITH(ServedSite(listen), Catch::Contains(listen) && Catch::Contains("in use"));
  CHECK_THROWS_WITH(ServedSite("nonsense"), Catch::Contains("'nonsense'"));
}

namespace {

// Connects to `path` as another user and says so to whoever accepts; ends by itself.
pid_t connect_as(const std::string& path, gid_t extra_group) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int client = ::socket(AF_UNIX, SOCK_STREAM, 0);
  char end = 0;
  const bool ok =
      ::setgroups(1, &extra_group) == 0 && ::setgid(65534) == 0 && ::setuid(65534) == 0 &&
      ::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::read(client, &end, 1) == 0;
  ::_exit(ok ? 0 : 1);
}

}  // namespace

TEST_CASE("peers: another user may steer only as a member of the daemon's group", "[web]") {
  if (::geteuid() != 0) {
    WARN("not root: another user cannot be played");
    return;
  }
  Directory directory;
  fs::permissions(directory.path, fs::perms::all);
  const std::string path = (directory.path / "s").string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener, 4) == 0);
  fs::permissions(path, fs::perms::all);

  const auto may_steer = [&](gid_t extra_group) {
    const pid_t child = connect_as(path, extra_group);
    const int peer = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    const Peer found = peer_of(peer);
    ::close(peer);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(found.over_unix_socket);
    return found.may_steer;
  };
  CHECK(may_steer(::getegid()));
  CHECK_FALSE(may_steer(65533));
  ::close(listener);
}

TEST_CASE("peers: a TCP peer is nobody", "[web]") {
  ServedSite site;
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_FALSE(peer_of(listener).over_unix_socket);
  CHECK_FALSE(peer_of(listener).may_steer);
  ::close(listener);
  CHECK_FALSE(peer_of(-1).may_steer);
}
