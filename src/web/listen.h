// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "web/http.h"

namespace tocsin {

// Where to listen, as `web.listen` says it. A value type.
struct ListenAddress {
  std::string host;        // a name or a literal address, without brackets; empty for a unix socket
  std::uint16_t port = 0;  // 0: the kernel chooses
  std::string socket_path;  // empty for TCP

  bool is_unix() const noexcept { return !socket_path.empty(); }
};

// HOST:PORT, [v6]:PORT or unix:/path. Throws std::runtime_error with the text in it if it is none.
ListenAddress parse_listen(std::string_view text);

// The file of a unix socket while it is ours: what a dead daemon left behind is cleared away, a
// living one's is not touched; the file goes with this object unless someone has replaced it. One
// thread.
class SocketFile {
 public:
  // Makes way for binding. Throws std::runtime_error if somebody listens there, or if what is there
  // is no socket.
  explicit SocketFile(std::string path);
  ~SocketFile();
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

  // After bind and before listen, when nobody can connect yet: mode 0660. Throws
  // std::runtime_error.
  void bound();

 private:
  std::string path_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
};

// What the kernel says of who is at the other end of this connected socket. A peer that cannot be
// asked may not steer.
Peer peer_of(int socket);

}  // namespace tocsin
