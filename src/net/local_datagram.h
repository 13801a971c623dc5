// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <string_view>

namespace tocsin {

// How one datagram to a socket of this machine went; `error` is the errno, 0: it was taken.
struct LocalSent {
  int error = 0;
  std::string text;  // for people, with the path
};

// Sends one datagram to the unix socket at this path: /dev/log, /run/systemd/journal/socket. Never
// waits: a receiver that is full is EAGAIN. With `as_file` what is too large for a datagram goes as
// a sealed memory file whose descriptor is passed, as journald's protocol has it. Any thread; does
// not throw.
LocalSent send_local(const std::string& path, std::string_view bytes, bool as_file);

}  // namespace tocsin
