// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/nsd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "support/nginx.h"

namespace tocsin {
namespace {

bool listens(const std::string& host, std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  inet_pton(AF_INET, host.c_str(), &to.sin_addr);
  const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  close(fd);
  return connected;
}

}  // namespace

Nsd::Nsd(const std::string& zone, const std::string& records, const std::string& host,
         std::uint16_t port)
    : host_(host), port_(port) {
  dir_.write("zone", "$ORIGIN " + zone + ".\n" + records);
  // Somebody may take a port that the kernel chose before nsd does.
  for (int attempt = 0; attempt < 5; ++attempt) {
    if (port == 0) port_ = free_port();
    start(zone);
    if (eventually([this] { return !child_->running() || listens(host_, port_); }) &&
        child_->running()) {
      return;
    }
  }
  throw std::runtime_error("nsd does not start: " + read_file(dir_.path() / "error.log"));
}

Nsd::~Nsd() {
  // It is several processes, of which the first one ends the others.
  child_->signal(SIGTERM);
  child_->wait(std::chrono::seconds{10});
}

void Nsd::start(const std::string& zone) {
  const std::string root = dir_.path().string();
  const auto conf = dir_.write(
      "nsd.conf", "server:\n  ip-address: " + host_ + "@" + std::to_string(port_) +
                      "\n  server-count: 1\n  username: \"\"\n  chroot: \"\"\n  zonesdir: \"" +
                      root + "\"\n  pidfile: \"\"\n  database: \"\"\n  zonelistfile: \"" + root +
                      "/zones\"\n  xfrdfile: \"" + root + "/xfrd\"\n  xfrdir: \"" + root +
                      "\"\n  cookie-secret-file: \"\"\nremote-control:\n  control-enable: no\n"
                      "zone:\n  name: \"" +
                      zone + "\"\n  zonefile: \"" + root + "/zone\"\n");
  Child::Options files;
  files.err = dir_.path() / "error.log";
  child_ = std::make_unique<Child>(
      std::vector<std::string>{"/usr/sbin/nsd", "-d", "-c", conf.string()}, files);
}

}  // namespace tocsin
