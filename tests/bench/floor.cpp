// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The floor: what the requests of a monitor cost at least. A bare epoll loop, no library and no
// state: `floor PORT RATE SECONDS` opens RATE new connections a second to 127.0.0.1:PORT, in slots
// of 5 ms, sends a GET on each, reads the answer to its end and closes. Prints requests, and CPU
// per request.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

constexpr int kSlotNanoseconds = 5'000'000;
constexpr std::string_view kRequest =
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

int begin(int epoll, const sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  epoll_event event{.events = EPOLLOUT, .data = {.fd = fd}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  return fd;
}

// True once the connection is over.
bool go_on(int epoll, const epoll_event& event, long& ok) {
  const int fd = event.data.fd;
  if ((event.events & EPOLLOUT) != 0) {
    if (send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0) {
      close(fd);
      return true;
    }
    epoll_event wait{.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &wait);
    return false;
  }
  std::array<char, 16384> part{};
  const ssize_t got = recv(fd, part.data(), part.size(), 0);
  if (got > 0) {
    if (std::string_view(part.data(), 12) == "HTTP/1.1 200") ++ok;
    return false;
  }
  close(fd);
  return true;
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: floor PORT RATE SECONDS\n", stderr);
    return 64;
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const long per_slot = std::atol(argv[2]) / 200;
  const long slots = std::atol(argv[3]) * 200;

  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  const itimerspec pace{.it_interval = {0, kSlotNanoseconds}, .it_value = {0, kSlotNanoseconds}};
  timerfd_settime(timer, 0, &pace, nullptr);
  epoll_event tick{.events = EPOLLIN, .data = {.fd = timer}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &tick);

  const double before = cpu_seconds();
  long slot = 0;
  long open = 0;
  long ended = 0;
  long ok = 0;
  while (slot < slots || open > 0) {
    std::array<epoll_event, 64> events{};
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 1000);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd != timer) {
        if (go_on(epoll, event, ok)) {
          --open;
          ++ended;
        }
        continue;
      }
      std::uint64_t passed = 0;
      if (read(timer, &passed, sizeof(passed)) < 0) continue;
      for (; passed > 0 && slot < slots; --passed, ++slot) {
        for (long n = 0; n < per_slot; ++n, ++open) begin(epoll, address);
      }
    }
  }
  const double used = cpu_seconds() - before;
  std::printf("%ld %ld %.2f\n", ended, ok, used * 1e6 / static_cast<double>(ended));
  return 0;
}
