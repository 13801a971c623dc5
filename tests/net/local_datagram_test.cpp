// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/local_datagram.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>

#include "support/temp_dir.h"

namespace tocsin {
namespace {

// A bound socket that is read on demand.
class Bound {
 public:
  explicit Bound(const std::string& path) : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~Bound() { close(socket_); }
  Bound(const Bound&) = delete;
  Bound& operator=(const Bound&) = delete;

  // The size of the sealed file that came with an empty datagram; -1: none did.
  off_t take_file() {
    std::array<char, 16> payload{};
    iovec part{payload.data(), payload.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(socket_, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 0) return -1;
    const cmsghdr* const header = CMSG_FIRSTHDR(&message);
    if (header == nullptr) return -1;
    int file = -1;
    std::memcpy(&file, CMSG_DATA(header), sizeof file);
    struct stat found {};
    fstat(file, &found);
    const bool sealed = (fcntl(file, F_GET_SEALS) & F_SEAL_WRITE) != 0;
    close(file);
    return sealed ? found.st_size : -1;
  }

 private:
  int socket_;
};

}  // namespace

TEST_CASE("local_datagram: what is too large for a datagram goes as a sealed file", "[net]") {
  const TempDir dir;
  const std::string path = dir.path() / "s";
  Bound bound(path);
  const std::string big(4 << 20, 'x');
  CHECK(send_local(path, big, false).error == EMSGSIZE);
  CHECK(send_local(path, big, true).error == 0);
  CHECK(bound.take_file() == static_cast<off_t>(big.size()));
}

TEST_CASE("local_datagram: a receiver that does not keep up is told, and not waited for", "[net]") {
  const TempDir dir;
  const std::string path = dir.path() / "s";
  const Bound bound(path);
  LocalSent last;
  for (int i = 0; i < 100'000 && last.error == 0; ++i) last = send_local(path, "x", false);
  CHECK(last.error == EAGAIN);
  CHECK(last.text == "the receiver does not keep up (unix:" + path + ")");
}

}  // namespace tocsin
