// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "web/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace tocsin {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr mode_t kSocketMode = 0660;

[[noreturn]] void fail(const std::string& path, const std::string& why) {
  throw std::runtime_error("web: cannot listen on unix:" + path + ": " + why);
}

std::string error_text(int code) {
  return std::generic_category().message(code);
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    fail(path, "the path is longer than the " + std::to_string(sizeof address.sun_path - 1) +
                   " bytes a socket's path may have");
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  return address;
}

// Whether somebody takes connections there. Only a refusal proves that nobody does.
bool somebody_listens(const std::string& path) {
  const sockaddr_un address = address_of(path);
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) fail(path, error_text(errno));
  const int result = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int code = result == 0 ? 0 : errno;
  ::close(probe);
  return code != ECONNREFUSED && code != ENOENT;
}

bool is_in_our_group(int socket, gid_t primary) {
  const gid_t ours = ::getegid();
  if (primary == ours) return true;
  std::vector<gid_t> groups(64);
  socklen_t size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  int result = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
  if (result != 0 && errno == ERANGE) {  // `size` says now how much room it takes
    groups.resize(size / sizeof(gid_t));
    result = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
  }
  if (result != 0) return false;
  groups.resize(std::min(groups.size(), size / sizeof(gid_t)));
  return std::find(groups.begin(), groups.end(), ours) != groups.end();
}

// IPv4 in dots, also where it came through an IPv6 socket; IPv6 in eight groups, so that its
// network is the same text for all addresses of it.
std::string address_of_peer(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  std::array<char, 64> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return text.data();
  }
  if (address.ss_family != AF_INET6) return {};
  const auto& bytes = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)) {
    ::inet_ntop(AF_INET, &bytes[12], text.data(), text.size());
    return text.data();
  }
  std::string out;
  for (std::size_t i = 0; i < 16; i += 2) {
    std::snprintf(text.data(), text.size(), "%s%x", i == 0 ? "" : ":",
                  static_cast<unsigned>(bytes[i] << 8U | bytes[i + 1]));
    out += text.data();
  }
  return out;
}

}  // namespace

ListenAddress parse_listen(std::string_view text) {
  const auto refuse = [text] {
    throw std::runtime_error("web.listen: '" + std::string(text) +
                             "' is not HOST:PORT, [v6]:PORT or unix:/path");
  };
  ListenAddress out;
  if (text.starts_with(kUnix)) {
    out.socket_path = text.substr(kUnix.size());
    if (!out.socket_path.starts_with('/') || out.socket_path.ends_with('/')) refuse();
    return out;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) refuse();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || bracketed != (host.find(':') != std::string_view::npos)) refuse();
  const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (error != std::errc{} || stop != port.data() + port.size()) refuse();
  out.host = host;
  return out;
}

SocketFile::SocketFile(std::string path) : path_(std::move(path)) {
  address_of(path_);
  struct stat status {};
  if (::lstat(path_.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    fail(path_, error_text(errno));
  }
  if (!S_ISSOCK(status.st_mode)) fail(path_, "something that is no socket is there");
  if (somebody_listens(path_)) fail(path_, "another process listens there");
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) fail(path_, error_text(errno));
}

SocketFile::~SocketFile() {
  struct stat status {};
  if (inode_ == 0 || ::lstat(path_.c_str(), &status) != 0) return;
  if (status.st_ino == inode_ && status.st_dev == device_) ::unlink(path_.c_str());
}

void SocketFile::bound() {
  struct stat status {};
  if (::lstat(path_.c_str(), &status) != 0) fail(path_, error_text(errno));
  device_ = status.st_dev;
  inode_ = status.st_ino;
  if (::chmod(path_.c_str(), kSocketMode) != 0) fail(path_, error_text(errno));
}

Peer peer_of(int socket) {
  int family = 0;
  socklen_t size = sizeof family;
  if (::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0) return {};
  if (family != AF_UNIX) return {false, false, address_of_peer(socket)};
  ucred peer{};
  size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return {true, false};
  return {true, peer.uid == 0 || peer.uid == ::geteuid() || is_in_our_group(socket, peer.gid)};
}

}  // namespace tocsin
