// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/local_datagram.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace tocsin {
namespace {

class Owned {
 public:
  explicit Owned(int descriptor) noexcept : descriptor_(descriptor) {}
  ~Owned() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

LocalSent outcome(int error, const std::string& path) {
  if (error == 0) return {};
  std::string text = std::generic_category().message(error);
  if (error == ENOENT) text = "there is no such socket";
  if (error == ECONNREFUSED) text = "nobody listens";
  if (error == EAGAIN) text = "the receiver does not keep up";
  return {error, text + " (unix:" + path + ")"};
}

bool write_all(int file, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// An empty datagram with the descriptor of a file that nobody can change any more.
int send_file(int socket, std::string_view bytes) noexcept {
  const Owned file(memfd_create("tocsin", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0 || !write_all(file.get(), bytes)) return errno;
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return errno;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int descriptor = file.get();
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? errno : 0;
}

}  // namespace

LocalSent send_local(const std::string& path, std::string_view bytes, bool as_file) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return outcome(ENAMETOOLONG, path);
  std::memcpy(address.sun_path, path.data(), path.size());
  const Owned socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return outcome(errno, path);
  const auto* const to = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), to, sizeof address) != 0) return outcome(errno, path);
  if (::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0) return {};
  const int error = errno;
  const bool too_large = error == EMSGSIZE || error == ENOBUFS;
  return outcome(as_file && too_large ? send_file(socket.get(), bytes) : error, path);
}

}  // namespace tocsin
