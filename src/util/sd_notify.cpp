// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/sd_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>

namespace tocsin {

void sd_notify(std::string_view assignments) {
  const char* name = std::getenv("NOTIFY_SOCKET");
  if (name == nullptr) return;
  const std::string_view path(name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool abstract = path.starts_with('@');
  if (path.size() < 2 || path.size() >= sizeof(address.sun_path)) return;
  if (!abstract && path.front() != '/') return;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (abstract) address.sun_path[0] = '\0';

  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  void(sendto(fd, assignments.data(), assignments.size(), MSG_NOSIGNAL,
              reinterpret_cast<const sockaddr*>(&address), length));
  close(fd);
}

void sd_notify_reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto usec = static_cast<unsigned long long>(now.tv_sec) * 1'000'000ULL +
                    static_cast<unsigned long long>(now.tv_nsec) / 1000ULL;
  sd_notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec));
}

std::optional<Millis> sd_watchdog_interval() {
  const auto number = [](const char* name) -> std::optional<long long> {
    const char* text = std::getenv(name);
    if (text == nullptr) return std::nullopt;
    long long value = 0;
    const auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
    if (error != std::errc{} || *end != '\0' || value <= 0) return std::nullopt;
    return value;
  };
  const auto usec = number("WATCHDOG_USEC");
  if (!usec) return std::nullopt;
  const auto pid = number("WATCHDOG_PID");
  if (pid && *pid != getpid()) return std::nullopt;
  return Millis{*usec / 1000};
}

}  // namespace tocsin
